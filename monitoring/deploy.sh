#!/usr/bin/env bash
# Deploys tasksys with everything that watches it, and shows that it works: monitoring/deploy.sh [compose|kubernetes].
#
#   compose       on this machine, by docker-compose.yml (the default)
#   kubernetes    into the cluster that kubectl is set to: the stack only, tasksys is found there by its labels
#
#   --workers     compose: three workers behind one entry, at http://127.0.0.1:3080
#   --namespace N kubernetes: where (tasksys)
#   --without A,B components that are left out, such as loki,telegraf
#   --at A=URL    where a component is, if not where docker-compose.yml publishes it
#   --seconds N   how long to wait for all of it (300)
#   --status      asks every component, changes nothing
#   --remove      takes down what this script deployed; data and secrets stay
#   --purge       with --remove: data and secrets of monitoring go too
#   --dry-run     says what would be done
#   --help        this
#
# It makes the secrets, deploys, waits, and asks every component whether it is well and does what it is there for: that
# series, an alert, a log line and a trace of this deployment arrive (monitoring/verify.py). If something is not so it says
# what, shows the last lines of who is concerned, and undoes what it has done; what ran before goes on.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=compose act=deploy workers='' namespace=tasksys without='' seconds=300 purge='' dry='' elsewhere=()
readonly stack=(prometheus alertmanager grafana loki jaeger telegraf node-exporter lag-exporter)
read -ra compose <<<"${TASKSYS_COMPOSE:-docker compose}"
kubectl=${TASKSYS_KUBECTL:-kubectl}

say() { printf '%s\n' "$*" >&2; }
die() { say "$@"; exit 2; }
usage() { sed -n '2,/^set -/{/^# \{0,1\}/s///p;}' "$0"; }

while [ $# -gt 0 ]; do
    case $1 in
    compose | kubernetes) mode=$1 ;;
    --workers) workers=yes ;;
    --namespace) namespace=${2:?--namespace NAME} && shift ;;
    --without) without=${2:?--without A,B} && shift ;;
    --at) elsewhere+=(--at "${2:?--at COMPONENT=URL}") && shift ;;
    --seconds) seconds=${2:?--seconds N} && shift ;;
    --status) act=status ;;
    --remove) act=remove ;;
    --purge) purge=yes ;;
    --dry-run) dry=yes ;;
    --help | -h) usage && exit ;;
    *) die "There is no option $1; monitoring/deploy.sh --help lists them." ;;
    esac
    shift
done
[[ $seconds =~ ^[0-9]+$ ]] || die "--seconds takes a whole number."
[ -z "$purge" ] || [ "$act" = remove ] || die "--purge goes with --remove."
[ -z "$workers" ] || [ "$mode" = compose ] || die "--workers is for compose."
for name in ${without//,/ }; do
    [[ " ${stack[*]} " == *" $name "* ]] || die "--without $name: there are ${stack[*]}."
done

do_it() { # runs it, or says that it would
    if [ "$dry" ]; then printf 'would run: %s\n' "$*"; else "$@"; fi
}

wanted() { # the components of the stack that are deployed
    local name
    for name in "${stack[@]}"; do [[ ",$without," == *",$name,"* ]] || echo "$name"; done
}

verify() { # seconds, and what else is not there
    local left_out=$without${2:+${without:+,}$2} arguments=(--seconds "$1")
    if [ "$left_out" ]; then arguments+=(--without "$left_out"); fi
    if [ "$workers" ]; then arguments+=(--at tasksys=http://127.0.0.1:3080); fi
    if [ -r .deploy/grafana_admin_password ]; then arguments+=(--password-file .deploy/grafana_admin_password); fi
    python3 -m monitoring.verify "${arguments[@]}" ${elsewhere[@]+"${elsewhere[@]}"}
}

# --- compose

profiles() {
    echo "--profile monitoring${workers:+ --profile workers}"
}

in_compose() {
    # shellcheck disable=SC2046 # words
    "${compose[@]}" $(profiles) "$@"
}

services() { # everything that is deployed, in one line
    echo "kafka tasksys $(wanted | tr '\n' ' ')${workers:+worker-2 worker-3 entry}"
}

volumes() { # those of this project; fails where nobody can say
    "${TASKSYS_DOCKER:-docker}" volume ls --quiet --filter label=com.docker.compose.project=tasksys 2>/dev/null | sort
}

running() { "${compose[@]}" --profile '*' ps --services --status running 2>/dev/null | sed '/^$/d' | sort; }

last_lines() { # of the components that are named in what was said
    local name shown=''
    for name in tasksys kafka worker-2 worker-3 entry $(wanted); do
        if grep -E '^MISSING|unhealthy|exited|rror' "$1" | grep -q -- "$name"; then
            say "--- the last lines of $name:"
            in_compose logs --no-color --tail 15 "$name" >&2 || true
            shown=yes
        fi
    done
    if [ -z "$shown" ]; then in_compose logs --no-color --tail 5 >&2 || true; fi
}

undo_compose() { # in a folder: what ran before, the volumes that there were (no file: nobody could say), what was made
    local new made volume
    say "Undoing what was done; what was there before stays."
    new=$( (running || true) | comm -13 "$1/before" - | tr '\n' ' ')
    if [ ! -s "$1/before" ]; then
        "${compose[@]}" --profile '*' down --timeout 30 >&2 || true
        if [ -e "$1/volumes" ]; then # those that are known to be new, one by one: never all that there are
            for volume in $( (volumes || true) | comm -13 "$1/volumes" -); do
                "${TASKSYS_DOCKER:-docker}" volume rm "$volume" >&2 || true
            done
        fi
    else
        # shellcheck disable=SC2086 # names of services, without blanks
        if [ "$new" ]; then "${compose[@]}" --profile '*' rm --stop --force $new >&2 || true; fi
        unset TASKSYS_OTLP_ENDPOINT # as it was: in .env, or not
        # shellcheck disable=SC2046
        "${compose[@]}" --profile '*' up -d --no-deps $(tr '\n' ' ' <"$1/before") >&2 || true
    fi
    while read -r made; do rm -rf -- "$made"; done <"$1/made"
}

deploy_compose() {
    command -v "${compose[0]}" >/dev/null || die "There is no ${compose[0]}: install Docker with its Compose plugin."
    "${compose[@]}" version >/dev/null 2>&1 ||
        die "${compose[*]} does not work here: install Docker's Compose plugin, 2.24 or later."
    command -v python3 >/dev/null || die "python3 is missing: it makes Alertmanager's configuration, and asks components."
    local scratch failed='' made
    # Where traces go: a setting of tasksys, kept in .env for the next `deploy/compose.sh`.
    local endpoint=grpc://jaeger:4317
    if [[ ",$without," == *,jaeger,* ]]; then endpoint=''; fi
    if [ "$dry" ]; then
        echo "would run: deploy/secrets.sh --monitoring"
        echo "would set: TASKSYS_OTLP_ENDPOINT=$endpoint"
        echo "would run: ${compose[*]} $(profiles) up -d --build --wait --wait-timeout $seconds $(services)"
        echo "would run: python3 -m monitoring.verify --seconds $seconds"
        return
    fi
    scratch=$(mktemp -d)
    # shellcheck disable=SC2064 # the folder's name as it is now
    trap "rm -rf '$scratch'" EXIT
    TASKSYS_WORKERS=$workers deploy/secrets.sh --monitoring >"$scratch/made"
    export TASKSYS_OTLP_ENDPOINT=$endpoint
    if ! running >"$scratch/before"; then
        while read -r made; do rm -rf -- "$made"; done <"$scratch/made"
        die "${compose[*]} cannot say what runs, so what a failure would have to leave alone is not known: nothing was started."
    fi
    volumes >"$scratch/volumes" || rm "$scratch/volumes"
    # shellcheck disable=SC2064
    trap "say Stopped.; undo_compose '$scratch'; exit 130" INT TERM
    say "Starting $(services) …"
    # shellcheck disable=SC2046 # names of services, without blanks
    if ! in_compose up -d --build --wait --wait-timeout "$seconds" $(services) 2>&1 | tee "$scratch/said" >&2; then
        failed="not everything became healthy within $seconds s"
        in_compose ps --all --format '{{.Service}} {{.State}} {{.Health}}' 2>/dev/null |
            grep -Ev ' running (healthy)?$' | sed 's/^/MISSING  /' | tee -a "$scratch/said" >&2 || true
    elif ! verify "$seconds" | tee -a "$scratch/said"; then
        failed="what is marked MISSING above is not so after $seconds s"
    fi
    if [ "$failed" ]; then
        last_lines "$scratch/said"
        undo_compose "$scratch"
        say "Failed: $failed."
        exit 1
    fi
    grep -q '^TASKSYS_OTLP_ENDPOINT=' .env || printf 'TASKSYS_OTLP_ENDPOINT=%s\n' "$endpoint" >>.env
    where_things_are
}

where_things_are() {
    cat <<END

tasksys        http://127.0.0.1:3001 ${workers:+ (all workers: http://127.0.0.1:3080)}
               a token: ${compose[*]} exec tasksys tasksys token anna
Grafana        http://127.0.0.1:3000    user admin, password: cat .deploy/grafana_admin_password
Prometheus     http://127.0.0.1:9090
Alertmanager   http://127.0.0.1:9093    who is told: monitoring/docs/alertmanager.md
Jaeger         http://127.0.0.1:16686
Loki           http://127.0.0.1:3100    asked by Grafana

monitoring/docs/README.md says how to look for what is wrong.
END
}

remove_compose() {
    local volume
    do_it "${compose[@]}" --profile '*' rm --stop --force "${stack[@]}"
    if [ "$purge" ]; then
        for volume in prometheus alertmanager grafana loki telegraf; do
            do_it "${TASKSYS_DOCKER:-docker}" volume rm --force "tasksys_$volume"
        done
        do_it rm -rf .deploy
    fi
    if [ -z "$dry" ] && [ -f .env ]; then # nobody takes traces any more
        umask 077 # secrets are in it
        { grep -v '^TASKSYS_OTLP_ENDPOINT=' .env || true; } >.env.new
        cat .env.new >.env
        rm .env.new
    fi
    if (running || true) | grep -qx tasksys; then do_it "${compose[@]}" up -d --no-deps tasksys; fi
    [ -n "$dry" ] || say "Removed${purge:+ with data and secrets}. tasksys and Kafka run on: deploy/compose.sh --profile '*' down stops them too."
}

# --- kubernetes

rendered() { python3 -m monitoring.kubernetes.render --namespace "$namespace" ${without:+--without "$without"} "$@"; }

apply() { # from standard input; what was not there before is kept in a file
    "$kubectl" apply -f - | tee -a "$1" >&2
}

secret() { # name, arguments of kubectl
    local name=$1
    shift
    "$kubectl" -n "$namespace" create secret generic "$name" "$@" --dry-run=client -o json
}

deploy_kubernetes() {
    command -v "$kubectl" >/dev/null || die "There is no kubectl."
    if [ "$dry" ]; then
        echo "would run: deploy/secrets.sh --monitoring"
        echo "would apply, with the secrets grafana, alertmanager and alertmanager-secrets:"
        rendered --list | sed 's/^/    /'
        return
    fi
    "$kubectl" version --request-timeout 10s >/dev/null 2>&1 ||
        die "$kubectl reaches no cluster: $("$kubectl" version --request-timeout 10s 2>&1 | tail -n 1)"
    if ! "$kubectl" -n "$namespace" get configmap tasksys >/dev/null 2>&1; then
        say "There is no ConfigMap tasksys that names the broker: the lag exporter is left out."
        without=${without:+$without,}lag-exporter
    fi
    local scratch failed='' kind name
    scratch=$(mktemp -d)
    # shellcheck disable=SC2064 # the folder's name as it is now
    trap "rm -rf '$scratch'" EXIT
    deploy/secrets.sh --monitoring >"$scratch/made"
    rendered >"$scratch/all.yml"
    secret grafana --from-file=.deploy/grafana_admin_password --from-file=.deploy/grafana_secret_key >"$scratch/grafana"
    secret alertmanager --from-file=.deploy/alertmanager/alertmanager.yml >"$scratch/alertmanager"
    secret alertmanager-secrets --from-file=.deploy/alertmanager/secrets >"$scratch/alertmanager-secrets"
    for name in all.yml grafana alertmanager alertmanager-secrets; do
        apply "$scratch/applied" <"$scratch/$name" || failed="kubectl apply failed"
    done
    # shellcheck disable=SC2013 # one word a line
    for kind in $(awk '$1 ~ /^(statefulset|deployment|daemonset)/ {print $1}' "$scratch/applied"); do
        if [ "$failed" ]; then break; fi
        "$kubectl" -n "$namespace" rollout status "$kind" --timeout "${seconds}s" >&2 ||
            failed="$kind is not ready after $seconds s"
    done
    if [ -z "$failed" ]; then
        verify_kubernetes "$seconds" || failed="what is marked MISSING above is not so after $seconds s"
    fi
    if [ "$failed" ]; then
        "$kubectl" -n "$namespace" get pods >&2 || true
        for name in $("$kubectl" -n "$namespace" get pods -l app.kubernetes.io/part-of=tasksys-monitoring -o name); do
            say "--- the last lines of $name:"
            "$kubectl" -n "$namespace" logs --all-containers --tail 10 "$name" >&2 || true
        done
        say "Undoing what was done; what was there before stays as it is now."
        awk '$2 == "created" {made[++n] = $1} END {while (n) print made[n--]}' "$scratch/applied" | while read -r name; do
            "$kubectl" -n "$namespace" delete --ignore-not-found --wait=false "$name" >&2 || true
        done
        while read -r name; do rm -rf -- "$name"; done <"$scratch/made"
        say "Failed: $failed."
        exit 1
    fi
    cat <<END

In the namespace $namespace. Nothing is reachable from outside; to look:
    $kubectl -n $namespace port-forward service/grafana 3000    (user admin, password: cat .deploy/grafana_admin_password)
    $kubectl -n $namespace port-forward service/prometheus 9090

monitoring/docs/kubernetes.md says by which labels tasksys is found.
END
}

verify_kubernetes() { # seconds: by way of ports that are forwarded meanwhile
    local one forwarded=() result=0 absent=''
    "$kubectl" -n "$namespace" get service tasksys >/dev/null 2>&1 || absent=tasksys
    for one in tasksys:3001 prometheus:9090 alertmanager:9093 grafana:3000 loki:3100 jaeger:16686 telegraf:9273 \
        node-exporter:9100 lag-exporter:3102; do
        if [[ ",$without,$absent," == *",${one%:*},"* ]]; then continue; fi
        "$kubectl" -n "$namespace" port-forward "service/${one%:*}" "${one#*:}" >/dev/null 2>&1 &
        forwarded+=($!)
    done
    if [ "$absent" ]; then say "There is no service tasksys here yet: nothing of it can arrive."; fi
    verify "$1" "$absent" || result=1
    kill "${forwarded[@]}" 2>/dev/null || true
    return $result
}

remove_kubernetes() {
    local part_of=app.kubernetes.io/part-of=tasksys-monitoring
    do_it "$kubectl" -n "$namespace" delete --ignore-not-found --selector "$part_of" \
        statefulset,deployment,daemonset,service,configmap,networkpolicy,role,rolebinding,serviceaccount
    if [ "$purge" ]; then
        do_it "$kubectl" -n "$namespace" delete --ignore-not-found --selector "$part_of" persistentvolumeclaim
        do_it "$kubectl" -n "$namespace" delete --ignore-not-found secret grafana alertmanager alertmanager-secrets
        do_it rm -rf .deploy
    fi
    [ -n "$dry" ] || say "Removed${purge:+ with data and secrets}. The namespace $namespace stays."
}

case $act-$mode in
deploy-compose) deploy_compose ;;
deploy-kubernetes) deploy_kubernetes ;;
status-compose) verify 15 ;; # the line and the trace of its own request take seconds to arrive
status-kubernetes) verify_kubernetes 15 ;;
remove-compose) remove_compose ;;
remove-kubernetes) remove_kubernetes ;;
esac
