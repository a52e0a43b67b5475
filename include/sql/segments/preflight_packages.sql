-- Versions of the server's Python and of the packages that clustering there needs, or what is wrong.
select package, version, problem from plpython_kindred.python_packages();
