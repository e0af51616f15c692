#!/bin/bash
# What --check-config says of certificates and keys: that a key is its
# certificate's, what the key and the certificate are for, that none has ended;
# all of it at once.
set -u
cd "$(dirname "$0")/../.." || exit 1
program=$PWD/build/release
if [ ! -x "$program/fotad" ] || [ ! -x "$program/fotasim" ]; then
    echo '1..0 # SKIP there is no release build'
    exit
fi
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
number=0

# expect NAME STATUS TEXT...: of the configuration on stdin; each text is said
expect() {
    local name=$1 status=$2 said got=0 wrong=
    shift 2
    cat >"$here/fotad.conf"
    said=$("$program/fotad" --config "$here/fotad.conf" --check-config 2>&1) ||
        got=$?
    [ $got = "$status" ] || wrong="exit $got"
    for text; do
        case $said in *"$text"*) ;; *) wrong="$wrong; not said: $text" ;; esac
    done
    number=$((number + 1))
    if [ -z "$wrong" ]; then
        echo "ok $number - $name"
    else
        printf 'not ok %d - %s (%s)\n%s\n' $number "$name" "$wrong" "$said"
    fi
}

# pair NAME DAYS: a TLS key and its certificate, from so many days ago for one
pair() {
    openssl req -newkey rsa:2048 -nodes -keyout "$here/$1.key" \
        -out "$here/$1.csr" -subj "/CN=$1" 2>/dev/null
    mkdir "$here/$1.ca"
    : >"$here/$1.ca/index.txt"
    cat >"$here/$1.ca/conf" <<EOF
[ca]
default_ca = one
[one]
database = $here/$1.ca/index.txt
serial = $here/$1.ca/serial
new_certs_dir = $here/$1.ca
default_md = sha256
policy = any
[any]
commonName = supplied
EOF
    openssl ca -batch -selfsign -create_serial -config "$here/$1.ca/conf" \
        -keyfile "$here/$1.key" -in "$here/$1.csr" -out "$here/$1.pem" \
        -startdate "$(date -u -d "$2 days ago" +%Y%m%d%H%M%SZ)" \
        -enddate "$(date -u -d "$2 days ago + 1 day" +%Y%m%d%H%M%SZ)" \
        2>/dev/null
}

echo 1..10
"$program/fotasim" pki "$here/pki" --homes 1 >/dev/null
pair one 0
pair other 0
pair past 9
openssl ecparam -name secp384r1 -genkey -noout -out "$here/p384.key"
keys=$here/pki/keys certificates=$here/pki/certificates

good="[identity]
xml_signing_key = $keys/dsp-xml-sign.key
xml_signing_certificate = $certificates/dsp-xml-sign.pem
key_agreement_key = $keys/acb-ka.key"

expect 'all of it is good' 0 'OK' <<EOF
$good
[people]
certificate = $here/one.pem
key = $here/one.key
EOF
expect 'the signing key is of another certificate' 1 \
    'is not the key of the certificate' '1 thing is wrong' <<EOF
${good/dsp-xml-sign.key/supplier-1-xml-sign.key}
EOF
expect 'a certificate that is not for signing' 1 \
    'is not for digitalSignature' <<EOF
[identity]
xml_signing_key = $keys/acb-ka.key
xml_signing_certificate = $certificates/acb-ka.pem
key_agreement_key = $keys/acb-ka.key
EOF
expect 'a key agreement key on another curve' 1 'no private key on P-256' <<EOF
${good/$keys\/acb-ka.key/$here/p384.key}
EOF
expect 'both at once' 1 'is not the key of the certificate' \
    'no private key on P-256' '2 things are wrong' <<EOF
[identity]
xml_signing_key = $keys/supplier-1-xml-sign.key
xml_signing_certificate = $certificates/dsp-xml-sign.pem
key_agreement_key = $here/p384.key
EOF
expect 'the key of a listener is of another certificate' 1 \
    'fotad.conf:6: [people] certificate' 'do not match' <<EOF
$good
[people]
certificate = $here/one.pem
key = $here/other.key
EOF
expect 'the certificate of a listener has ended' 1 '[people] certificate' \
    'it ended at' <<EOF
$good
[people]
certificate = $here/past.pem
key = $here/past.key
EOF
expect 'the keys that CSPs and Users are shown are of other certificates' 1 \
    'fotad.conf:6: [delivery] certificate' '[csp north] certificate' \
    'do not match' '2 things are wrong' <<EOF
$good
[delivery]
certificate = $here/one.pem
key = $here/other.key
[csp north]
regions = North
base_url = https://csp.example
certificate = $here/other.pem
key = $here/one.key
EOF
expect 'what CSPs and Users are shown has not ended' 0 'OK' <<EOF
$good
[delivery]
certificate = $here/one.pem
key = $here/one.key
EOF
expect 'the certificate that a CSP is shown has ended' 1 \
    '[csp north] certificate' 'it ended at' <<EOF
$good
[csp north]
regions = North
base_url = https://csp.example
certificate = $here/past.pem
key = $here/past.key
EOF
