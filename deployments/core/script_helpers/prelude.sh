# Runs a script with the variables and functions of octoplat:  bash prelude.sh SCRIPT
# Works from bash 3.2 on. Data is never evaluated: values come as `printf %b` escapes.

set +x # loading must not be traced, whatever the environment asks for

_octoplat_names=()
_octoplat_values=()
_octoplat_parameters=()
_octoplat_has_map=0
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 403)); then
    _octoplat_has_map=1
    declare -A octopus_parameters=()
fi

# Hundreds of variables come with every step, so this starts no process and reads in one go.
_octoplat_load() {
    local line kind name value
    local lines=()
    if ((BASH_VERSINFO[0] >= 4)); then
        mapfile -t lines <"$1"
    else
        while IFS= read -r line; do lines+=("$line"); done <"$1"
    fi
    for line in ${lines[@]+"${lines[@]}"}; do
        kind=${line%%$'\t'*}
        value=${line#*$'\t'}
        name=${value%%$'\t'*}
        value=${value#*$'\t'}
        [[ $name != *\\* ]] || printf -v name '%b' "$name"
        [[ $value != *\\* ]] || printf -v value '%b' "$value"
        if [[ $kind == parameter ]]; then
            _octoplat_parameters+=("$value")
            continue
        fi
        _octoplat_names+=("$name")
        _octoplat_values+=("$value")
        if ((_octoplat_has_map)) && [[ $name != [@*] ]]; then
            octopus_parameters["$name"]=$value
        fi
    done
    rm -f -- "$1"
}

encode_servicemessagevalue() {
    printf '%s' "$1" | base64 | tr -d '\n'
}

decode_servicemessagevalue() {
    # The second spelling is that of older macOS.
    printf '%s' "$1" | base64 -d 2>/dev/null || printf '%s' "$1" | base64 -D
}

# _octoplat_message NAME [KEY VALUE]...
_octoplat_message() {
    local message="##octopus[$1"
    shift
    while (($# > 1)); do
        message+=" $1='$(encode_servicemessagevalue "$2")'"
        shift 2
    done
    printf '%s]\n' "$message"
}

_octoplat_line() {
    printf '##octopus[stdout-%s]\n%s\n##octopus[stdout-default]\n' "$1" "$2"
}

# get_octopusvariable NAME: the value, nothing when there is none. Case does not matter.
get_octopusvariable() {
    local index found="" restore=""
    shopt -q nocasematch || restore=1
    shopt -s nocasematch
    for ((index = 0; index < ${#_octoplat_names[@]}; index++)); do
        if [[ ${_octoplat_names[index]} == "$1" ]]; then
            found=${_octoplat_values[index]}
            break
        fi
    done
    if [[ -n $restore ]]; then shopt -u nocasematch; fi
    printf '%s' "$found"
}

# set_octopusvariable NAME VALUE [-sensitive]
set_octopusvariable() {
    if [[ ${3:-} == -sensitive ]]; then
        _octoplat_message setVariable name "$1" value "${2:-}" sensitive True
    else
        _octoplat_message setVariable name "$1" value "${2:-}"
    fi
}

# new_octopusartifact PATH [NAME]
new_octopusartifact() {
    local path=$1 name=${2:-} length=0
    [[ $path == /* ]] || path=$PWD/$path
    [[ -n $name ]] || name=${path##*/}
    if [[ -f $path ]]; then length=$(($(wc -c <"$path"))); fi
    _octoplat_line verbose "Artifact $name will be collected from $path after this step completes"
    _octoplat_message createArtifact path "$path" name "$name" length "$length"
}

# update_progress PERCENT [TEXT]
update_progress() {
    _octoplat_message progress percentage "$1" message "${2:-}"
}

# fail_step [TEXT]
fail_step() {
    if [[ -n ${1:-} ]]; then _octoplat_message resultMessage message "$1"; fi
    exit 1
}

write_verbose() { _octoplat_line verbose "${1:-}"; }
write_highlight() { _octoplat_line highlight "${1:-}"; }
write_wait() { _octoplat_line wait "${1:-}"; }
write_warning() { _octoplat_line warning "${1:-}"; }

# new_octopustarget -n NAME -t ID --inputs JSON --roles R [--worker-pool P] [--update-if-existing]
new_octopustarget() {
    local name="" type="" inputs="" roles="" pool="" update=False
    while (($#)); do
        case $1 in
        -n | --name) name=${2:-} ;;
        -t | --target-id) type=${2:-} ;;
        --inputs) inputs=${2:-} ;;
        --roles) roles=${2:-} ;;
        --worker-pool) pool=${2:-} ;;
        --update-if-existing)
            update=True
            shift
            continue
            ;;
        *)
            echo "new_octopustarget: unknown option $1" >&2
            return 1
            ;;
        esac
        shift
        if (($#)); then shift; fi
    done
    if [[ -z $name || -z $type || -z $inputs || -z $roles ]]; then
        echo "new_octopustarget: -n, -t, --inputs and --roles are required" >&2
        return 1
    fi
    _octoplat_message createStepPackageTarget name "$name" type "$type" inputs "$inputs" \
        roles "$roles" workerPool "$pool" updateIfExisting "$update"
}

remove-octopustarget() {
    _octoplat_message delete-target machine "$1"
}

# set_environmentstate KEY VALUE [-sensitive]
set_environmentstate() {
    local sensitive=False
    if [[ ${3:-} == -sensitive ]]; then sensitive=True; fi
    _octoplat_message set-environmentstate key "$1" value "${2:-}" sensitive "$sensitive" type State
}

# set_environmenturl KEY URL
set_environmenturl() {
    _octoplat_message set-environmentstate key "$1" value "${2:-}" sensitive False type Url
}

# report_kubernetes_manifest TEXT [NAMESPACE]
report_kubernetes_manifest() {
    if [[ -n ${2:-} ]]; then
        _octoplat_message k8s-manifest-applied manifest "$1" ns "$2"
    else
        _octoplat_message k8s-manifest-applied manifest "$1"
    fi
}

# report_kubernetes_manifest_file PATH [NAMESPACE]
report_kubernetes_manifest_file() {
    if [[ ! -r $1 ]]; then
        echo "report_kubernetes_manifest_file: cannot read $1" >&2
        return 1
    fi
    report_kubernetes_manifest "$(cat -- "$1")" "${2:-}"
}

if [[ ${BASH_SOURCE[0]} == */* ]]; then
    _octoplat_load "${BASH_SOURCE[0]%/*}/variables"
else
    _octoplat_load variables
fi
_octoplat_script=$1
[[ $_octoplat_script == */* ]] || _octoplat_script=./$_octoplat_script # else `.` searches PATH
set -- ${_octoplat_parameters[@]+"${_octoplat_parameters[@]}"}
. "$_octoplat_script"
