-- Versions of the server's Python and of the packages that clustering needs, or why one is unusable.
select package, version, problem from plpython_kindred.python_packages();
