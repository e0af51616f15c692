/*
 * Signatures that are not A's signature of the request in an accepted
 * shape (requirement R4): E1 if the
 * schema lets them through, else 400; nothing follows from them.
 */
#include "hostile/strikes.h"

#define DS "http://www.w3.org/2000/09/xmldsig#"
#define MORE "http://www.w3.org/2001/04/xmldsig-more#"
#define ENC "http://www.w3.org/2001/04/xmlenc#"
#define EXCLUSIVE "http://www.w3.org/2001/10/xml-exc-c14n#"
#define INCLUSIVE "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define TRANSFORM(uri) "<ds:Transform Algorithm=\"" uri "\"/>"
#define ENVELOPED TRANSFORM(DS "enveloped-signature")
#define REFERENCE(uri)                                                         \
    "<ds:Reference URI=\"" uri "\"><ds:Transforms>" ENVELOPED                  \
    "</ds:Transforms><ds:DigestMethod Algorithm=\"" ENC "sha256\"/>"           \
    "<ds:DigestValue>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="             \
    "</ds:DigestValue></ds:Reference>"
#define ISSUER_SERIAL(issuer, serial)                                          \
    "<ds:X509IssuerSerial><ds:X509IssuerName>" issuer                          \
    "</ds:X509IssuerName><ds:X509SerialNumber>" serial                         \
    "</ds:X509SerialNumber></ds:X509IssuerSerial>"

#define ROW(name, code, field, value)                                          \
    {                                                                          \
        .sent = (name), .ppmid = true, .signing.field = (value),               \
        .http = (code) ? 400 : 200, .says = (code) ? "" : "E1"                 \
    }
#define E1(name, field, value) ROW(name, 0, field, value)
#define INVALID(name, field, value) ROW(name, 1, field, value)
#define METHOD(uri) E1("signature method " uri, signature_method, uri)
#define DIGEST(uri) E1("digest method " uri, digest_method, uri)
#define C14N(uri) E1("canonicalisation " uri, canonicalisation, uri)
#define BEFORE(name, transforms_) E1(name, transforms, transforms_)
#define COMMON(name, field, value)                                             \
    {                                                                          \
        .sent = (name), .ppmid = true, .signing.field = (value), .http = 200,  \
        .says = "E1", .common = true                                           \
    }
#define CHANGED(name, from, to, status, code)                                  \
    {                                                                          \
        .sent = (name), .ppmid = true, .after = {from, to}, .http = (status),  \
        .says = (code)                                                         \
    }

static const struct row ALGORITHMS[] = {
    METHOD(MORE "ecdsa-sha1"),
    METHOD(MORE "ecdsa-sha224"),
    METHOD(MORE "ecdsa-sha384"),
    METHOD(MORE "ecdsa-sha512"),
    METHOD(MORE "rsa-sha256"),
    METHOD(MORE "rsa-md5"),
    METHOD(MORE "hmac-sha256"),
    METHOD(MORE "hmac-md5"),
    METHOD(MORE "ecdsa-sha256 "),
    METHOD(MORE "ECDSA-SHA256"),
    METHOD("http://www.w3.org/2007/05/xmldsig-more#ecdsa-ripemd160"),
    METHOD("http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"),
    METHOD(DS "hmac-sha1"),
    METHOD(DS "rsa-sha1"),
    METHOD(DS "dsa-sha1"),
    METHOD("http://www.w3.org/2009/xmldsig11#dsa-sha256"),
    METHOD("urn:none"),
    METHOD(""),
    DIGEST(DS "sha1"),
    DIGEST(MORE "md5"),
    DIGEST(MORE "sha224"),
    DIGEST(MORE "sha384"),
    DIGEST(ENC "sha512"),
    DIGEST(ENC "ripemd160"),
    DIGEST(""),
    COMMON("inclusive canonicalisation", canonicalisation, INCLUSIVE),
    C14N(INCLUSIVE "#WithComments"),
    C14N(EXCLUSIVE "WithComments"),
    COMMON("canonicalisation 1.1", canonicalisation,
           "http://www.w3.org/2006/12/xml-c14n11"),
    C14N("http://www.w3.org/TR/1999/REC-xslt-19991116"),
    C14N(""),
    E1("an output length below nothing", method_content,
       "<ds:HMACOutputLength>-1</ds:HMACOutputLength>x"),
    E1("an output length", method_content,
       "<ds:HMACOutputLength>0</ds:HMACOutputLength>"),
    E1("an output length of 8", method_content,
       "<ds:HMACOutputLength>8</ds:HMACOutputLength>"),
    INVALID("parameters of RSA-PSS", method_content,
            "<p:RSAPSSParams "
            "xmlns:p=\"http://www.w3.org/2007/05/xmldsig-more#\"/>"),
    CHANGED("namespaces for the canonicalisation", EXCLUSIVE "\"/>",
            EXCLUSIVE "\"><e:InclusiveNamespaces xmlns:e=\"" EXCLUSIVE
                      "\" PrefixList=\"sr\"/></ds:CanonicalizationMethod>",
            400, ""),
};

static const struct row REFERENCES[] = {
    E1("URI of a fragment", reference, "URI=\"#body\""),
    E1("URI of an XPointer to the root", reference, "URI=\"#xpointer(/)\""),
    E1("URI of an XPointer to an Id", reference,
       "URI=\"#xpointer(id('body'))\""),
    E1("URI of an XPointer with a comment", reference,
       "URI=\"#xpointer(//sr:Body)\""),
    E1("URI of a file", reference, "URI=\"file:///etc/passwd\""),
    E1("URI of http", reference, "URI=\"http://127.0.0.1:1/\""),
    E1("URI of https", reference, "URI=\"https://127.0.0.1:1/\""),
    E1("URI of data", reference, "URI=\"data:,x\""),
    E1("URI of a relative path", reference, "URI=\"../x\""),
    E1("URI of a space", reference, "URI=\" \""),
    E1("URI of a question mark", reference, "URI=\"?\""),
    E1("URI of an empty fragment", reference, "URI=\"#\""),
    E1("no URI", reference, ""),
    COMMON("a Type", reference, "URI=\"\" Type=\"" DS "Manifest\""),
    COMMON("an Id", reference, "URI=\"\" Id=\"r\""),
    INVALID("another attribute", reference, "URI=\"\" x=\"y\""),
    E1("a second Reference", more_reference, REFERENCE("")),
    E1("a second Reference, to a file", more_reference,
       REFERENCE("file:///etc/passwd")),
    E1("a second Reference, to the network", more_reference,
       REFERENCE("http://127.0.0.1:1/")),
    E1("three References", more_reference, REFERENCE("") REFERENCE("")),
    BEFORE("enveloped twice", ENVELOPED ENVELOPED),
    COMMON("enveloped, then inclusive", transforms,
           ENVELOPED TRANSFORM(INCLUSIVE)),
    COMMON("enveloped, then exclusive", transforms,
           ENVELOPED TRANSFORM(EXCLUSIVE)),
    BEFORE("inclusive, then enveloped", TRANSFORM(INCLUSIVE) ENVELOPED),
    BEFORE("with comments", ENVELOPED TRANSFORM(INCLUSIVE "#WithComments")),
    BEFORE("nothing but inclusive", TRANSFORM(INCLUSIVE)),
    BEFORE("base64", TRANSFORM(DS "base64")),
    BEFORE("enveloped, then base64", ENVELOPED TRANSFORM(DS "base64")),
    BEFORE("decryption", TRANSFORM("http://www.w3.org/2002/07/decrypt#XML")),
    BEFORE("XPath", "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/"
                    "REC-xpath-19991116\"><ds:XPath>not(//x)</ds:XPath>"
                    "</ds:Transform>"),
    BEFORE("XPath of a long time",
           "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/"
           "REC-xpath-19991116\"><ds:XPath>count(//.|//@*|//namespace::*"
           "[count(//.|//@*|//namespace::*)])</ds:XPath></ds:Transform>"),
    BEFORE("XPath filter 2",
           "<ds:Transform Algorithm=\"http://www.w3.org/2002/06/"
           "xmldsig-filter2\"><x:XPath xmlns:x=\"http://www.w3.org/2002/06/"
           "xmldsig-filter2\" Filter=\"subtract\">/</x:XPath></ds:Transform>"),
    BEFORE("XPointer", "<ds:Transform Algorithm=\"http://www.w3.org/2001/04/"
                       "xmldsig-more/xptr\"/>"),
    BEFORE("XSLT that writes a file",
           "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/"
           "REC-xslt-19991116\"><xsl:stylesheet version=\"1.0\" "
           "xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\"><xsl:template "
           "match=\"/\"><xsl:value-of select=\"document('file:///etc/passwd')"
           "\"/></xsl:template></xsl:stylesheet></ds:Transform>"),
    BEFORE("XSLT that does not end",
           "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/"
           "REC-xslt-19991116\"><xsl:stylesheet version=\"1.0\" "
           "xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\"><xsl:template "
           "name=\"a\" match=\"/\"><xsl:call-template name=\"a\"/>"
           "</xsl:template></xsl:stylesheet></ds:Transform>"),
    BEFORE("enveloped of another namespace",
           TRANSFORM("http://www.w3.org/2009/xmldsig11#enveloped-signature")),
    BEFORE("enveloped in capitals", TRANSFORM(DS "Enveloped-Signature")),
    BEFORE("enveloped with something in it",
           "<ds:Transform Algorithm=\"" DS "enveloped-signature\"><ds:XPath>/"
           "</ds:XPath></ds:Transform>"),
    INVALID("no transform", transforms, " "),
};

static const struct row KEYS[] = {
    E1("KeyName", key_info, "<ds:KeyName>A</ds:KeyName>"),
    E1("KeyName of a file", key_info, "<ds:KeyName>/etc/passwd</ds:KeyName>"),
    E1("KeyValue of RSA", key_info,
       "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AAAA</ds:Modulus>"
       "<ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"),
    E1("KeyValue of a curve", key_info,
       "<ds:KeyValue><e:ECKeyValue xmlns:e=\"http://www.w3.org/2009/"
       "xmldsig11#\"><e:NamedCurve URI=\"urn:oid:1.2.840.10045.3.1.7\"/>"
       "<e:PublicKey>AAAA</e:PublicKey></e:ECKeyValue></ds:KeyValue>"),
    E1("a key in DER", key_info,
       "<e:DEREncodedKeyValue xmlns:e=\"http://www.w3.org/2009/xmldsig11#\">"
       "AAAA</e:DEREncodedKeyValue>"),
    E1("a key fetched from a file", key_info,
       "<ds:RetrievalMethod URI=\"file:///etc/passwd\"/>"),
    E1("a key fetched from the network", key_info,
       "<ds:RetrievalMethod URI=\"http://127.0.0.1:1/\" Type=\"" DS
       "rawX509Certificate\"/>"),
    E1("a key fetched from the document", key_info,
       "<ds:RetrievalMethod URI=\"#k\" Type=\"" DS "KeyValue\"/>"),
    E1("a KeyInfo elsewhere", key_info,
       "<e:KeyInfoReference xmlns:e=\"http://www.w3.org/2009/xmldsig11#\" "
       "URI=\"#k\"/>"),
    E1("a certificate alone", key_info,
       "<ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate>"
       "</ds:X509Data>"),
    E1("a certificate beside the issuer", key_info,
       "<ds:X509Data>" ISSUER_SERIAL(
           "CN=Z1,OU=07",
           "1") "<ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>"),
    E1("a revocation list", key_info,
       "<ds:X509Data>" ISSUER_SERIAL(
           "CN=Z1,OU=07", "1") "<ds:X509CRL>AAAA</ds:X509CRL></ds:X509Data>"),
    E1("a subject", key_info,
       "<ds:X509Data><ds:X509SubjectName>OU=87</ds:X509SubjectName>"
       "</ds:X509Data>"),
    E1("a key identifier", key_info,
       "<ds:X509Data><ds:X509SKI>AAAA</ds:X509SKI></ds:X509Data>"),
    E1("two certificates named", key_info,
       "<ds:X509Data>" ISSUER_SERIAL("CN=Z1,OU=07", "1")
           ISSUER_SERIAL("CN=Z1,OU=07", "2") "</ds:X509Data>"),
    E1("two X509Data", key_info,
       "<ds:X509Data>" ISSUER_SERIAL(
           "CN=Z1,OU=07", "1") "</ds:X509Data>"
                               "<ds:X509Data>" ISSUER_SERIAL(
                                   "CN=Z1,OU=07", "1") "</ds:X509Data>"),
    E1("a name after the certificate", key_info,
       "<ds:X509Data>" ISSUER_SERIAL("CN=Z1,OU=07",
                                     "1") "</ds:X509Data>"
                                          "<ds:KeyName>x</ds:KeyName>"),
    E1("PGP", key_info,
       "<ds:PGPData><ds:PGPKeyID>AAAA</ds:PGPKeyID></ds:PGPData>"),
    E1("SPKI", key_info,
       "<ds:SPKIData><ds:SPKISexp>AAAA</ds:SPKISexp>"
       "</ds:SPKIData>"),
    E1("MgmtData", key_info, "<ds:MgmtData>x</ds:MgmtData>"),
    E1("an encrypted key", key_info, "<e:EncryptedKey xmlns:e=\"" ENC "\"/>"),
    E1("a certificate that nobody has", key_info,
       "<ds:X509Data>" ISSUER_SERIAL("CN=Z1,OU=07", "1") "</ds:X509Data>"),
    E1("an issuer that nobody has", key_info,
       "<ds:X509Data>" ISSUER_SERIAL("CN=Z2,OU=07", "1") "</ds:X509Data>"),
    E1("an issuer of SQL", key_info,
       "<ds:X509Data>" ISSUER_SERIAL("CN=' or '1'='1", "1") "</ds:X509Data>"),
    E1("an issuer with a NUL", key_info,
       "<ds:X509Data>" ISSUER_SERIAL("CN=Z1\\00,OU=07", "1") "</ds:X509Data>"),
    E1("an issuer with a quote that does not end", key_info,
       "<ds:X509Data>" ISSUER_SERIAL("CN=\"Z1,OU=07", "1") "</ds:X509Data>"),
    E1("an issuer of hexadecimal", key_info,
       "<ds:X509Data>" ISSUER_SERIAL("CN=#04024869", "1") "</ds:X509Data>"),
    E1("an issuer of nothing", key_info,
       "<ds:X509Data>" ISSUER_SERIAL("", "1") "</ds:X509Data>"),
    E1("a serial number of 0", key_info,
       "<ds:X509Data>" ISSUER_SERIAL("CN=Z1,OU=07", "0") "</ds:X509Data>"),
    E1("a serial number of 200 digits", key_info,
       "<ds:X509Data>" ISSUER_SERIAL(
           "CN=Z1,OU=07",
           "11111111111111111111111111111111111111111111111111"
           "11111111111111111111111111111111111111111111111111"
           "11111111111111111111111111111111111111111111111111"
           "11111111111111111111111111111111111111111111111111") "</"
                                                                 "ds:"
                                                                 "X509Data>"),
    INVALID(
        "a serial number in hexadecimal", key_info,
        "<ds:X509Data>" ISSUER_SERIAL("CN=Z1,OU=07", "0xff") "</ds:X509Data>"),
    INVALID("a KeyInfo of nothing", key_info, " "),
    {.sent = "a KeyInfo of B with the signature of A",
     .ppmid = true,
     .signer = BY_B,
     .request_id = ID_A ":" ACB ":70001",
     .http = 200,
     .says = "E1"},
    {.sent = "A's certificate with another key's signature",
     .ppmid = true,
     .signer = BY_WRONG_KEY,
     .http = 200,
     .says = "E1"},
};

static const struct row PLACES[] = {
    COMMON("an Id of the signature", attributes, " Id=\"s\""),
    INVALID("an attribute of the signature", attributes, " x=\"s\""),
    COMMON("an Object", object, "<ds:Object/>"),
    E1("an Object with a Manifest", object,
       "<ds:Object><ds:Manifest>" REFERENCE("") "</ds:Manifest></ds:Object>"),
    E1("an Object with properties", object,
       "<ds:Object><ds:SignatureProperties><ds:SignatureProperty "
       "Target=\"#s\">x</ds:SignatureProperty></ds:SignatureProperties>"
       "</ds:Object>"),
    CHANGED("the same Id twice", "</ds:SignedInfo>",
            "</ds:SignedInfo><!-- Id=\"a\" Id=\"a\" --><ds:Object Id=\"a\"/>",
            400, ""),
    CHANGED("no SignatureValue", "<ds:SignatureValue>", "<ds:SignatureValu>",
            400, ""),
    CHANGED("a comment in the DigestValue", "<ds:DigestValue>",
            "<ds:DigestValue><!-- -->", 400, ""),
    CHANGED("a comment in the SignatureValue", "<ds:SignatureValue>",
            "<ds:SignatureValue><!-- -->", 400, ""),
    CHANGED("an instruction in the SignedInfo", "<ds:SignedInfo>",
            "<ds:SignedInfo><?p i?>", 200, "E1"),
    CHANGED("text in the SignedInfo", "<ds:SignedInfo>", "<ds:SignedInfo>x",
            400, ""),
    CHANGED("white space in the SignedInfo", "<ds:SignedInfo>",
            "<ds:SignedInfo> ", 200, "E1"),
    CHANGED("white space in the DigestValue", "<ds:DigestValue>",
            "<ds:DigestValue> ", 200, "E1"),
    CHANGED("a stray character in the DigestValue", "<ds:DigestValue>",
            "<ds:DigestValue>*", 200, "E1"),
    CHANGED("a stray character in the SignatureValue", "<ds:SignatureValue>",
            "<ds:SignatureValue>*", 200, "E1"),
    CHANGED("the attributes of the root in another namespace order",
            " schemaVersion=\"5.4\"",
            " xmlns:a=\"urn:a\" schemaVersion=\"5.4\"", 200, "E1"),
    CHANGED("an instruction in front of the root", "<sr:Request ",
            "<?p i?><sr:Request ", 200, "E1"),
    CHANGED("an instruction after the root", "</sr:Request>",
            "</sr:Request><?p i?>", 200, "E1"),
    CHANGED("an instruction between elements", "<sr:Body>", "<?p i?><sr:Body>",
            200, "E1"),
    CHANGED("text after the signature", "</sr:Request>", "x</sr:Request>", 400,
            ""),
    CHANGED("a comment after the signature", "</sr:Request>",
            "<!-- --></sr:Request>", 200, "E1"),
    CHANGED("white space after the signature", "</sr:Request>",
            " </sr:Request>", 200, "E1"),
    CHANGED("a schema location", "<sr:Request ",
            "<sr:Request xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\""
            " i:schemaLocation=\"urn:x http://127.0.0.1:1/x.xsd\" ",
            200, "E1"),
    {.sent = "no signature",
     .ppmid = true,
     .signer = BY_NOBODY,
     .http = 200,
     .says = "E1"},
};

/* ---- running them ---- */

STRIKES(algorithms, ALGORITHMS)
STRIKES(references_and_transforms, REFERENCES)
STRIKES(keys, KEYS)
STRIKES(places, PLACES)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(algorithms),
        cmocka_unit_test(references_and_transforms),
        cmocka_unit_test(keys),
        cmocka_unit_test(places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
