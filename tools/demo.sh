#!/usr/bin/env bash
# Indexes a folder of pictures into demo.simile, searches it with a picture, writes demo.html.
#   PICTURES=dir QUERY=file   your own (QUERY defaults to the first picture of the folder)
#   DEMO_K=12                 number of hits
# Without PICTURES it takes the 796 pictures of the Debian package tuxpaint-stamps-default
# (animals, plants, food, tools; 161 MB, fetched once into .cache, not installed).
set -euo pipefail
cd "$(dirname "$0")/.."
simile=${SIMILE:-build/release/bin/simile}
hits=${DEMO_K:-12}

# Without apt's own user, who may not write into a folder of ours.
download() { (cd "$1" && apt-get -q -o APT::Sandbox::User=root download "$2"); }

fetch_pictures() {
  local package=tuxpaint-stamps-default folder=.cache/pictures
  if [ ! -d $folder/stamps ]; then
    echo "fetching $package (161 MB)" >&2
    rm -rf $folder
    mkdir -p $folder
    download $folder "$package" >&2 || {
      echo "package lists are absent or stale: updating them" >&2
      if [ "$(id -u)" = 0 ]; then apt-get -q update >&2; else sudo apt-get -q update >&2; fi
      download $folder "$package" >&2
    } || {
      echo "cannot fetch it; name a folder of your own: make demo PICTURES=dir" >&2
      exit 1
    }
    dpkg-deb -x $folder/$package*.deb $folder/unpacked
    mv $folder/unpacked/usr/share/tuxpaint/stamps $folder/stamps
    rm -rf $folder/unpacked $folder/*.deb
  fi
  echo $folder/stamps
}

first_picture() {
  find "$1" -type f -regextype posix-extended -iregex '.*\.(jpe?g|png|webp|bmp|gif)' |
    LC_ALL=C sort | sed -n 1p
}

# A shell expands ~ after = only sometimes.
pictures=${PICTURES:-}
pictures=${pictures/#\~\//$HOME/}
query=${QUERY:-}
query=${query/#\~\//$HOME/}
if [ -z "$pictures" ]; then
  pictures=$(fetch_pictures)
  query=${query:-$pictures/animals/mammals/cats/tiger.png}
fi
if [ ! -d "$pictures" ]; then
  echo "no such folder: $pictures" >&2
  exit 1
fi
query=${query:-$(first_picture "$pictures")}
if [ ! -f "$query" ]; then
  echo "no picture to search with in $pictures; name one: make demo PICTURES=dir QUERY=file" >&2
  exit 1
fi

# Each folder has a collection of its own, so that hits come from the folder that was asked for.
collection=pictures_$(cd "$pictures" && pwd | cksum | cut -d' ' -f1)
"$simile" pictures index "$pictures" --db demo.simile -c "$collection"
echo
"$simile" pictures search "$query" --db demo.simile -c "$collection" -k "$hits" --html demo.html
echo
echo "Open demo.html in a browser to see the pictures."
