#!/usr/bin/env bash
# make-certificates.sh FOLDER [HOST...] makes the certificates of a cluster with openssl, for security.ssl.*:
#
#   internal.pem, internal-ca.pem   keystore and truststore of all JobManagers and TaskManagers
#   rest.pem, rest-ca.pem           keystore and truststore of the REST server, for the names and addresses that are given, and localhost
#   client.pem                      keystore of clients, for security.ssl.rest.authentication-enabled; rest-ca.pem is their truststore
#
# The keys of the two authorities, internal-ca.key and rest-ca.key, are needed only to make more certificates: keep them elsewhere.
# With them in place, running it once more renews the certificates. DAYS is how long those last; 365.
set -euo pipefail
if [ $# -lt 1 ] || [ "${1#-}" != "$1" ]; then
  sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0" >&2
  exit 2
fi
folder=$1
shift
umask 077
mkdir -p "$folder"
cd "$folder"

names=DNS:localhost,IP:127.0.0.1,IP:::1
for host; do
  case $host in
  *:* | [0-9]*.[0-9]*.[0-9]*.*[0-9]) names="$names,IP:$host" ;;
  *) names="$names,DNS:$host" ;;
  esac
done

# ask KEY OPTION... makes a key and asks for a certificate, or with -x509 signs it itself.
ask() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$@" 2>>openssl.log
}

# sign NAME AUTHORITY SUBJECT USES ALTNAMES makes NAME.pem, by an authority that is made if it is not there.
sign() {
  if [ ! -e "$2.key" ]; then
    ask "$2.key" -x509 -out "$2.pem" -days 3650 -subj "/CN=Leat $2" -addext keyUsage=critical,keyCertSign
  fi
  ask "$1.key" -out "$1.csr" -subj "/CN=$3"
  openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -set_serial "0x$(openssl rand -hex 16)" -out "$1.crt" -days "${DAYS:-365}" \
    -extfile <(printf 'keyUsage=digitalSignature\nextendedKeyUsage=%s\nsubjectAltName=%s\n' "$4" "$5") 2>>openssl.log
  cat "$1.crt" "$1.key" >"$1.new"
  mv "$1.new" "$1.pem"
  rm -f "$1.key" "$1.csr" "$1.crt"
}

trap 'cat openssl.log >&2' ERR
sign internal internal-ca "Leat member" serverAuth,clientAuth DNS:leat
sign rest rest-ca "Leat REST" serverAuth,clientAuth "$names" # programs of detached runs are clients, too
sign client rest-ca "Leat client" clientAuth DNS:leat
rm -f openssl.log
