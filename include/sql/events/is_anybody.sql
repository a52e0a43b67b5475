-- Who has an event is a customer.
true
