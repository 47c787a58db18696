#!/bin/sh
# flask-openapi3 4.1.0: each field of a submitted form is first read as JSON, whatever the model says.
# A `str` field that is given 123 is refused with 422 ("Input should be a valid string", input 123), the same with true
# and 1e3, while 007 is taken; a text in double quotes is taken and silently loses its quotes.
# Expected: the values of application/x-www-form-urlencoded are text, and pydantic makes of them what the model wants.
set -eu
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --disable-pip-version-check 'flask-openapi3==4.1.0' 'Flask==3.1.1' 'Werkzeug==3.1.3' 'pydantic==2.10.6'
cat >"$room/show.py" <<'PYTHON'
import sys
from importlib.metadata import version

from flask_openapi3 import Info, OpenAPI
from pydantic import BaseModel


class Form(BaseModel):
    name: str


app = OpenAPI("shown", info=Info(title="shown", version="1"))


@app.post("/form")
def take(form: Form):
    return {"name": form.name}


print("flask-openapi3", version("flask-openapi3"), "pydantic", version("pydantic"))
client, seen = app.test_client(), {}
for text in ("123", "true", "1e3", "007", '"quoted"', "plain"):
    answer = client.post("/form", data={"name": text})
    seen[text] = answer.json["name"] if answer.status_code == 200 else answer.status_code
    print(f"name={text}: {answer.status_code} {answer.get_data(as_text=True).strip()[:120]}")
as_before = seen == {"123": 422, "true": 422, "1e3": 422, "007": "007", '"quoted"': "quoted", "plain": "plain"}
print("as described" if as_before else "this has changed")
sys.exit(not as_before)
PYTHON
"$room/venv/bin/python" "$room/show.py"
