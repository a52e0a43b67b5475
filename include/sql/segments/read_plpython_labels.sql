-- Labels and memberships computed by PL/Python, in customer order.
select label, membership from {labels} order by customer_id;
