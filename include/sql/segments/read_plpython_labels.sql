-- Labels and memberships that PL/Python has found, in customer order.
select label, membership from {labels} order by customer_id;
