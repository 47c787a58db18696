#!/bin/sh
# flask-openapi3 4.1.0: a query parameter declared Optional[list[str]] refuses every value that a client can send.
# ?tag=a and ?tag=a&tag=b both end with 422 "Input should be a valid list", input 'a'; list[str] without Optional takes both.
# The OpenAPI document that the library itself publishes for the parameter says "array of string, or null".
set -eu
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --disable-pip-version-check 'flask-openapi3==4.1.0' 'Flask==3.1.1' 'Werkzeug==3.1.3' 'pydantic==2.10.6'
cat >"$room/show.py" <<'PYTHON'
import sys
from importlib.metadata import version
from typing import Optional

from flask_openapi3 import Info, OpenAPI
from pydantic import BaseModel


class Query(BaseModel):
    maybe: Optional[list[str]] = None
    always: list[str] = []


app = OpenAPI("shown", info=Info(title="shown", version="1"))


@app.get("/query")
def ask(query: Query):
    return query.model_dump()


print("flask-openapi3", version("flask-openapi3"), "pydantic", version("pydantic"))
client, statuses = app.test_client(), []
for name in ("maybe", "always"):
    for query in (f"{name}=a", f"{name}=a&{name}=b"):
        answer = client.get(f"/query?{query}")
        statuses.append(answer.status_code)
        print(f"?{query}: {answer.status_code} {answer.get_data(as_text=True).strip()[:110]}")
for parameter in app.api_doc["paths"]["/query"]["get"]["parameters"]:
    print("published:", parameter["name"], parameter["schema"])
as_before = statuses == [422, 422, 200, 200]
print("as described" if as_before else "this has changed")
sys.exit(not as_before)
PYTHON
"$room/venv/bin/python" "$room/show.py"
