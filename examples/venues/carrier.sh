#!/bin/bash
# Carries what is under way from one venue to another, and back what is refused there, until nothing is:
#   carrier.sh EAST 'host=… dbname=… user=carrier' WEST 'host=… dbname=… user=carrier'
# EAST and WEST are what the venues call each other. Run it every few seconds, in both directions, by a timer; two at once
# do no harm, and one that is killed anywhere leaves nothing that the next does not find.
set -euo pipefail
here=$1 from=$2 there=$3 to=$4
ask() { psql -X -q -A -t -F ' ' -v ON_ERROR_STOP=1 -v VERBOSITY=sqlstate "$@"; }

ask -d "$from" -v there="$there" <<< "SELECT transfer_id, user_id, asset, amount
    FROM exchange.unsettled_venue_transfers(:'there');" |
while read -r id user asset amount; do
    leg=(-v id="$id" -v user="$user" -v here="$here" -v asset="$asset" -v amount="$amount")
    if said=$(ask -d "$to" "${leg[@]}" 2>&1 \
            <<< "SELECT exchange.receive_from_venue(:'id', :user, :'here', :'asset', :amount);"); then
        ask -d "$from" -v id="$id" <<< "SELECT exchange.settle_venue_transfer(:'id');" > /dev/null
    else
        case $said in
            # The user is not there, was erased, cannot hold so much; or it was refused before.
            *22003* | *42704* | *55000*)
                ask -d "$to" "${leg[@]}" \
                    <<< "SELECT exchange.refuse_from_venue(:'id', :user, :'here', :'asset', :amount);" > /dev/null
                ask -d "$from" -v id="$id" <<< "SELECT exchange.return_venue_transfer(:'id');" > /dev/null ;;
            *) echo "$id: $said" >&2; exit 1 ;;
        esac
    fi
done
