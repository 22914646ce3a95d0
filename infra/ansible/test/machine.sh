#!/usr/bin/env bash
# Boots one machine: Debian's own systemd as process 1 of new namespaces (mount, network, process, IPC, host name, cgroup), on a root
# that shows this machine's files and keeps what is written in a folder of its own. Usage: machine.sh <folder> <name> <cgroup>
# The folder holds `files/` (laid over the root) and, where machines share a backup repository, a path in `repository`.
set -euo pipefail
folder=$1 name=$2 cgroup=$3
mkdir -p "$folder/upper" "$folder/work" "$folder/root" "$cgroup"
echo $BASHPID > "$cgroup/cgroup.procs"
# Nothing of this machine outlives whoever started it, and nothing in it can load modules, set the clock or restart the real machine.
exec setpriv --pdeathsig KILL \
  unshare --mount --net --pid --uts --ipc --cgroup --fork --kill-child --propagation private -- \
  setpriv --bounding-set=-sys_module,-sys_time,-sys_boot,-sys_rawio,-wake_alarm,-syslog,-mac_admin,-mac_override \
  bash -euo pipefail -s -- "$folder" "$name" <<'INSIDE'
folder=$1 name=$2 root=$1/root
hostname "$name"
ip link set lo up
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$root"
cp -a "$folder/files/." "$root/"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
# Of the kernel's settings only those of the network are the machine's own.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t proc proc "$root/mnt"
mount --bind "$root/mnt/sys/net" "$root/proc/sys/net"
umount -l "$root/mnt"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
if [ -e "$folder/repository" ]; then
  mkdir -p "$root/var/lib/pgbackrest"
  mount --bind "$(cat "$folder/repository")" "$root/var/lib/pgbackrest"
fi
mkdir -p "$root/mnt/old"
cd "$root"
pivot_root . mnt/old
umount -l /mnt/old
exec env -i container=airpay PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 /lib/systemd/systemd --system --show-status=0 --log-target=journal
INSIDE
