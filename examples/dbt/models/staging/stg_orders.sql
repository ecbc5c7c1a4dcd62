SELECT order_id, customer, ordered_on, net
FROM {{ source('raw', 'orders') }}
WHERE order_id IS NOT NULL
