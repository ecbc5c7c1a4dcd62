SELECT ordered_on, count(*) AS orders, sum(total) AS total
FROM {{ ref('order_totals') }}
WHERE ordered_on BETWEEN '{{ var("from") }}' AND '{{ var("to") }}'
GROUP BY ordered_on
