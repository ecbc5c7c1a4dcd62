SELECT order_id, ordered_on, round(net * 1.19, 2) AS total
FROM {{ ref('stg_orders') }}
WHERE ordered_on BETWEEN '{{ var("from") }}' AND '{{ var("to") }}'
