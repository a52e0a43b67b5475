-- Versions of the server's Python and packages, or why a package cannot be imported.
create or replace function plpython_kindred.python_packages()
returns table (package text, version text, problem text)
language plpython3u volatile
set search_path = pg_catalog, pg_temp
as $function$
import os

# As in cluster_vectors, which may run in this session afterwards.
os.environ.update((name + "_NUM_THREADS", "1") for name in ("OMP", "OPENBLAS", "MKL"))

import importlib
import platform

yield "python", platform.python_version(), None
for package, module in (("numpy", "numpy"), ("scikit-learn", "sklearn"), ("threadpoolctl", "threadpoolctl")):
    try:
        yield package, importlib.import_module(module).__version__, None
    except Exception as error:  # one that was built for another Python raises all kinds
        yield package, None, " ".join(str(error).split())
$function$;
