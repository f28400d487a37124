# Part of up.sh: certificates, a KDC and users for the secured listeners, and what brokers must know of them, as
# conf/secured.properties and as options of the formatting, $scram.
umask 077
[ -f "$dir/tls/client.pem" ] || "$here/../make-certificates.sh" "$dir/tls"
krb=$dir/krb5 realm=LEAT.TEST other=OTHER.TEST kdc=$((port + 12)) services=kafka/localhost
. "$here/../hadoop/kdc.sh"
[ -f "$dir/conf/password" ] || secret >"$dir/conf/password"
password=$(cat "$dir/conf/password")
for kind in 256 512; do scram+=(--add-scram "SCRAM-SHA-$kind=[name=alice,password=$password]"); done
security=org.apache.kafka.common.security login=listener.name.sasl_ssl
printf '%s\n' ssl.keystore.type=PEM "ssl.keystore.location=$dir/tls/rest.pem" ssl.truststore.type=PEM "ssl.truststore.location=$dir/tls/rest-ca.pem" \
  listener.name.ssl.ssl.client.auth=required sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER,GSSAPI \
  "$login.plain.sasl.jaas.config=$security.plain.PlainLoginModule required user_alice=\"$password\";" \
  "$login.scram-sha-256.sasl.jaas.config=$security.scram.ScramLoginModule required;" \
  "$login.scram-sha-512.sasl.jaas.config=$security.scram.ScramLoginModule required;" \
  "$login.oauthbearer.sasl.jaas.config=$security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"broker\";" \
  "$login.gssapi.sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true keyTab=\"$krb/kafka.keytab\" principal=\"kafka/localhost@$realm\";" \
  sasl.kerberos.service.name=kafka authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer super.users=User:ANONYMOUS \
  >"$dir/conf/secured.properties"
