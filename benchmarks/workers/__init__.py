"""`make cluster-test`: the same nights on one machine, on one worker and on two, and under harm."""
