# Ends process groups that must not outlive their owner. The owner holds the other end of our standard input and writes
# `adopt GROUP` and `release GROUP`; the kernel closes that end however the owner dies, kill -9 included.
trap '' HUP INT TERM

groups=' '
while read -r change group; do
  case $change in
    adopt) groups="$groups$group " ;;
    release) groups="${groups%% "$group" *} ${groups#* "$group" }" ;;
  esac
done

# Sends a signal to every group; false when none is left to take it.
signal() {
  left=false
  for group in $groups; do kill -s "$1" -- "-$group" 2>/dev/null && left=true; done
  $left
}

signal TERM
signal CONT # a stopped process takes SIGTERM only when it goes on
tenths=0
while signal 0 && [ "$tenths" -lt 30 ]; do
  sleep 0.1
  tenths=$((tenths + 1))
done
signal KILL
