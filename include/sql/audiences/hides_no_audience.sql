-- Whether readers see all audiences: then the rows of members need not be checked one by one.
(select not exists (select from {space}.private_audiences))
