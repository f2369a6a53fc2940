# What the commands of the tables may call besides gcloud: the second client, which sees what gcloud left behind. bash reads it
# through BASH_ENV.
# shellcheck shell=bash

# request METHOD PATH [BODY]: the answer's body. TOKEN, where it is set, is sent as a bearer.
request() { as_curl "$@" && curl "${given[@]}"; }

# status METHOD PATH [BODY]: the answer's status.
status() { as_curl "$@" && curl "${given[@]}" -o /dev/null -w '%{http_code}\n'; }

# Sets `given` to curl's arguments for a request.
as_curl() {
    given=(-sS --noproxy '*' -X "$1" "$BASE$2")
    if [ -n "${3:-}" ]; then given+=(-H "Content-Type: application/json" --data-binary "$3"); fi
    if [ -n "${TOKEN:-}" ]; then given+=(-H "Authorization: Bearer $TOKEN"); fi
}

# pick NAME...: values of the JSON object on standard input, one a line; `a.b.0` goes inside.
pick() {
    python3 -c '
import json, sys
whole = json.load(sys.stdin)
for path in sys.argv[1:]:
    value = whole
    for step in path.split("."):
        value = value[int(step)] if isinstance(value, list) else value.get(step, "(none)")
    print(value if isinstance(value, str) else json.dumps(value, sort_keys=True))' "$@"
}

# claims: the claims of the JSON Web Token on standard input, which is not verified here.
claims() {
    python3 -c '
import base64, sys
part = sys.stdin.read().strip().split(".")[1]
print(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode())'
}

# secret KIND: notes the lines of standard input as secrets that no log may have, and passes them on.
secret() {
    local line
    while IFS= read -r line; do
        printf '%s %s\n' "$1" "$line" >>"$FOGBANK_SECRETS"
        printf '%s\n' "$line"
    done
}

# key_file FILE: notes the private key of a key file.
key_file() {
    python3 -c '
import json, sys
for line in json.load(open(sys.argv[1]))["private_key"].splitlines():
    if "PRIVATE KEY" not in line and len(line) > 30:
        print("key", line)' "$1" >>"$FOGBANK_SECRETS"
}
