-- The name of a method, from its number (recommendations/parameters.py).
select case {number} when 1 then 'neighbours' when 2 then 'profile' when 3 then 'popular' when 4 then 'repurchase' end
