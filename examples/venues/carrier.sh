#!/bin/bash
# Carries what is under way from one venue to another, and back what is refused there, until nothing is:
#   carrier.sh EAST 'host=… dbname=… user=carrier' WEST 'host=… dbname=… user=carrier'
# EAST and WEST are what the venues call each other. Run it every few seconds, in both directions, by a timer; two at once
# do no harm, and one that is killed anywhere leaves nothing that the next does not find.
set -euo pipefail
here=$1 from=$2 there=$3 to=$4
# A user may hold his own balance for as long as he likes: nobody else waits for that.
export PGOPTIONS='-c lock_timeout=1s -c statement_timeout=20s'
ask() { psql -X -q -A -t -F ' ' -v ON_ERROR_STOP=1 -v VERBOSITY=verbose "$@" 2>&1; }

# Carries one; says why, when it can be neither received nor returned now.
carry() {
    local id=$1 said leg=(-v id="$1" -v user="$2" -v here="$here" -v asset="$3" -v amount="$4")
    local received="SELECT exchange.receive_from_venue(:'id', :user, :'here', :'asset', :amount);"
    local refused="SELECT exchange.refuse_from_venue(:'id', :user, :'here', :'asset', :amount);"
    if said=$(ask -d "$to" "${leg[@]}" <<< "$received"); then
        said=$(ask -d "$from" -v id="$id" <<< "SELECT exchange.settle_venue_transfer(:'id');") && return
    else
        case $said in
            # The user is not there, was erased, cannot hold so much; or it was refused before. Nothing else is refused:
            # a venue that is not ready will be.
            *' 22003: '* | *' 42704: '* | *' 55000: '*'has been erased'* | *' 55000: '*'was refused here'*)
                said=$(ask -d "$to" "${leg[@]}" <<< "$refused") \
                    && said=$(ask -d "$from" -v id="$id" <<< "SELECT exchange.return_venue_transfer(:'id');") \
                    && return ;;
        esac
    fi
    echo "$id: $said" >&2
    return 1
}

under_way=$(ask -d "$from" -v there="$there" <<< "SELECT transfer_id, user_id, asset, amount
    FROM exchange.unsettled_venue_transfers(:'there', 10000);") || { echo "$under_way" >&2; exit 1; }
# One that cannot be carried holds up no other, but those of the same user until the next run.
declare -A failed=()
while read -r id user asset amount; do
    [ -z "$id" ] || [ -n "${failed[$user]-}" ] || carry "$id" "$user" "$asset" "$amount" || failed[$user]=1
done <<< "$under_way"
exit "$((${#failed[@]} > 0))"
