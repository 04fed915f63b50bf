#!/bin/sh
# Stands in for systemctl(1) and systemd-run(1): notes each call in $0.calls and answers `show` from $0.show.
echo "$*" >> "$0.calls"
case "$*" in
  *' start '* | *' restart '*) [ ! -f "$0.fail" ] || { echo 'Job failed.' >&2; exit 1; } ;;
esac
case "$*" in
  *show*) cat "$0.show" 2> /dev/null ;;
  *' start '*) printf 'LoadState=loaded\nActiveState=active\nMainPID=42\nNRestarts=0\n' > "$0.show" ;;
  *' stop '*) printf 'LoadState=loaded\nActiveState=inactive\n' > "$0.show" ;;
esac
exit 0
