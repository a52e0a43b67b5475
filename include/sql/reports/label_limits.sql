-- Whether all values of labels are at least 0, and at most 1: two columns per label. It reads the current customers.
select {limits}
from {bi}.customers;
