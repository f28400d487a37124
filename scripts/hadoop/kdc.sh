# Part of up.sh, also of Kafka's: an MIT KDC of its own in $krb for $realm on port $kdc, which trusts the realm $other on the port
# after it, and what the services ($services, their keytab has the name of the first) and their clients need of them.
mkdir -p "$krb/krb5.conf.d"
echo "includedir $krb/krb5.conf.d" >"$krb/krb5.conf"
cat >"$krb/krb5.conf.d/leat" <<P
[libdefaults]
  default_realm = $realm
  dns_lookup_realm = false
  dns_lookup_kdc = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
  ticket_lifetime = 24h
  renew_lifetime = 7d
[realms]
  $realm = {
    kdc = 127.0.0.1:$kdc
  }
  $other = {
    kdc = 127.0.0.1:$((kdc + 1))
  }
[domain_realm]
  localhost = $realm
P
# The same realm for clients that take AES with SHA-2 only.
printf '%s\n' "include $krb/krb5.conf" '[libdefaults]' '  permitted_enctypes = aes256-sha2 aes128-sha2' >"$krb/sha2.conf"
{
  echo '[realms]'
  p=$kdc
  for r in "$realm" "$other"; do
    cat <<P
  $r = {
    database_name = $krb/$r
    key_stash_file = $krb/$r.stash
    acl_file = $krb/acl
    kdc_listen = 127.0.0.1:$p
    kdc_tcp_listen = 127.0.0.1:$p
    max_life = 24h
    max_renewable_life = 7d
    supported_enctypes = aes256-cts-hmac-sha1-96:normal aes256-cts-hmac-sha384-192:normal
  }
P
    p=$((p + 1))
  done
  printf '%s\n' '[logging]' "  kdc = FILE:$dir/logs/kdc.log"
} >"$krb/kdc.conf"
export KRB5_CONFIG=$krb/krb5.conf KRB5_KDC_PROFILE=$krb/kdc.conf
secret() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }
if [ ! -f "$krb/complete" ]; then
  find "$krb" -maxdepth 1 \( -name '*.TEST*' -o -name '*.keytab' \) -delete
  for r in "$realm" "$other"; do
    kdb5_util create -s -r "$r" -P "$(secret)" >/dev/null 2>>"$dir/logs/kdc.log" || die "kdb5_util failed; see $dir/logs/kdc.log"
  done
  trust="addprinc -pw $(secret) krbtgt/$realm@$other"
  {
    for p in $services alice bob late; do echo "addprinc -randkey $p"; done
    echo "ktadd -k $krb/${services%%/*}.keytab $services"
    for p in alice bob late; do echo "ktadd -k $krb/$p.keytab $p"; done
    printf '%s\n' "cpw -randkey late" "$trust"
  } | kadmin.local -r "$realm" >>"$dir/logs/kdc.log" 2>&1
  printf '%s\n' "addprinc -randkey carol" "ktadd -k $krb/carol.keytab carol" "$trust" | kadmin.local -r "$other" >>"$dir/logs/kdc.log" 2>&1
  touch "$krb/complete"
fi
launch kdc krb5kdc -n -r "$realm" -r "$other" -P "$dir/run/kdc"
for _ in $(seq 50); do
  ! kinit -r 7d -c "FILE:$krb/alice.cache" -k -t "$krb/alice.keytab" alice >>"$dir/logs/kinit.log" 2>&1 || break
  sleep 0.2
done
[ -s "$krb/alice.cache" ] || die "kinit failed: $(tail -3 "$dir/logs/kinit.log")"
