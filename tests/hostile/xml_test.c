/*
 * Documents that mean harm to whoever reads them: each is refused with 400 as
 * a whole (requirement R1; decision 32), before any signature is looked
 * at, and leaves nothing behind.
 */
#include "hostile/strikes.h"

#define DEVICE_ID "00-DB-12-00-00-00-00-05"
#define SR "http://www.dccinterface.co.uk/ServiceUserGateway"
#define DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"

/* In the signed text of a sound 11.4. */
#define CASE(name, before_, after_, why)                                       \
    {                                                                          \
        .sent = (name), .ppmid = true, .after = {before_, after_},             \
        .http = 400, .says = (why)                                             \
    }
#define DTD(name, dtd)                                                         \
    CASE(name, "<sr:Request", "<!DOCTYPE sr:Request " dtd "><sr:Request",      \
         "DOCTYPE")
#define ENCODING(name, encoding)                                               \
    CASE(name, "encoding=\"UTF-8\"", "encoding=\"" encoding "\"", "encoding")
#define VERSION(name, text) CASE(name, "0123ABCD", text, "")
#define DEVICES(name, text) CASE(name, DEVICE_ID, text, "")
#define ROOT(name, text) CASE(name, "<sr:Request ", "<sr:Request " text " ", "")

/* ---- document types and entities ---- */

static const struct row DOCTYPES[] = {
    DTD("an empty DOCTYPE", ""),
    DTD("a DOCTYPE with an empty subset", "[]"),
    DTD("an external DTD by http", "SYSTEM \"http://127.0.0.1:1/x.dtd\""),
    DTD("an external DTD by file", "SYSTEM \"file:///etc/passwd\""),
    DTD("an external DTD by ftp", "SYSTEM \"ftp://127.0.0.1/x.dtd\""),
    DTD("an external DTD by a relative path", "SYSTEM \"schemas/duis.xsd\""),
    DTD("a public identifier", "PUBLIC \"-//W3C//DTD XHTML 1.0//EN\" \"x\""),
    DTD("an internal entity", "[<!ENTITY e \"0123ABCD\">]"),
    DTD("an external entity by file",
        "[<!ENTITY e SYSTEM \"file:///etc/passwd\">]"),
    DTD("an external entity by http",
        "[<!ENTITY e SYSTEM \"http://127.0.0.1:1/\">]"),
    DTD("an external entity by /dev/random",
        "[<!ENTITY e SYSTEM \"file:///dev/random\">]"),
    DTD("an external entity by expect", "[<!ENTITY e SYSTEM \"expect://id\">]"),
    DTD("a public external entity", "[<!ENTITY e PUBLIC \"a\" \"file:///b\">]"),
    DTD("a parameter entity", "[<!ENTITY % p \"<!ENTITY e 'x'>\"> %p;]"),
    DTD("an external parameter entity by file",
        "[<!ENTITY % p SYSTEM \"file:///etc/passwd\"> %p;]"),
    DTD("an external parameter entity by http",
        "[<!ENTITY % p SYSTEM \"http://127.0.0.1:1/x.dtd\"> %p;]"),
    DTD("an entity that sends a file away",
        "[<!ENTITY % f SYSTEM \"file:///etc/hostname\"><!ENTITY % d SYSTEM "
        "\"http://127.0.0.1:1/x.dtd\">%d;%s;]"),
    DTD("a parameter entity in an entity's value",
        "[<!ENTITY % a \"b\"><!ENTITY e \"%a;\">]"),
    DTD("an unparsed entity",
        "[<!NOTATION n SYSTEM \"x\"><!ENTITY e SYSTEM \"y\" NDATA n>]"),
    DTD("an attribute made an ID", "[<!ATTLIST sr:Header Id ID #IMPLIED>]"),
    DTD("a default attribute", "[<!ATTLIST sr:Request a CDATA \"b\">]"),
    DTD("a default namespace declaration",
        "[<!ATTLIST sr:Request xmlns:sr CDATA #FIXED \"urn:x\">]"),
    DTD("a content model", "[<!ELEMENT sr:Request ANY>]"),
    DTD("an entity of itself", "[<!ENTITY e \"&e;\">]"),
    DTD("a conditional section", "SYSTEM \"x\" [<![INCLUDE[]]>]"),
    DTD("a bomb of ten powers",
        "[<!ENTITY a \"xxxxxxxxxx\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;\">"
        "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d "
        "\"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\"><!ENTITY e "
        "\"&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;\"><!ENTITY f "
        "\"&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;\">]"),
    DTD("a bomb of parameter entities",
        "[<!ENTITY % a \"xxxxxxxx\"><!ENTITY % b \"%a;%a;%a;%a;\"><!ENTITY % c "
        "\"%b;%b;%b;%b;\">%c;]"),
    CASE("a DOCTYPE after a comment", "<sr:Request",
         "<!-- --><!DOCTYPE x []><sr:Request", "DOCTYPE"),
    CASE("a DOCTYPE after an instruction", "<sr:Request",
         "<?p i?><!DOCTYPE x []><sr:Request", "DOCTYPE"),
    CASE("two DOCTYPEs", "<sr:Request", "<!DOCTYPE x><!DOCTYPE y><sr:Request",
         "DOCTYPE"),
    CASE("a DOCTYPE in small letters", "<sr:Request", "<!doctype x><sr:Request",
         ""),
    CASE("a DOCTYPE inside the root", "<sr:Header>", "<!DOCTYPE x><sr:Header>",
         ""),
    CASE("a DOCTYPE after the root", "</sr:Request>",
         "</sr:Request><!DOCTYPE x>", ""),
    CASE("a DOCTYPE that does not end", "<sr:Request",
         "<!DOCTYPE x [<sr:Request", ""),
    VERSION("an entity that nobody declared", "&e;"),
    VERSION("an entity of HTML", "&nbsp;"),
    VERSION("a reference to NUL", "&#0;123ABCD"),
    VERSION("a reference to a control character", "&#x1;"),
    VERSION("a reference to a surrogate", "&#xD800;"),
    VERSION("a reference to U+FFFE", "&#xFFFE;"),
    VERSION("a reference past Unicode", "&#x110000;"),
    VERSION("a reference past 32 bits", "&#x100000030;"),
    VERSION("a reference that does not end", "&#x30123ABCD"),
    VERSION("an ampersand", "&"),
};

/* ---- encodings ---- */

static const struct row ENCODINGS[] = {
    ENCODING("a claim of UTF-7", "UTF-7"),
    ENCODING("a claim of ISO-8859-1", "ISO-8859-1"),
    ENCODING("a claim of windows-1252", "windows-1252"),
    ENCODING("a claim of UTF-16", "UTF-16"),
    ENCODING("a claim of UTF-16LE", "UTF-16LE"),
    ENCODING("a claim of UTF-32", "UTF-32"),
    ENCODING("a claim of UCS-4", "ISO-10646-UCS-4"),
    ENCODING("a claim of EBCDIC", "IBM037"),
    ENCODING("a claim of Shift_JIS", "Shift_JIS"),
    ENCODING("a claim of ISO-646", "ISO646-US"),
    ENCODING("a claim of HTML", "HTML"),
    ENCODING("a claim of no such encoding", "UTF-8-x"),
    VERSION("an octet that is no UTF-8", "\xff"),
    VERSION("a character cut short", "\xc3"),
    VERSION("a continuation alone", "\x80"),
    VERSION("a '/' written too long", "\xc0\xaf"),
    VERSION("a NUL written too long", "\xc0\x80"),
    VERSION("three octets for one of two", "\xe0\x80\xaf"),
    VERSION("a surrogate in UTF-8", "\xed\xa0\x80"),
    VERSION("a pair of surrogates in UTF-8", "\xed\xa0\xbd\xed\xb8\x80"),
    VERSION("past U+10FFFF", "\xf4\x90\x80\x80"),
    VERSION("U+FFFF", "\xef\xbf\xbf"),
    VERSION("a backspace", "\b"),
    VERSION("an escape", "\x1b[2J"),
    DEVICES("a byte order mark among the Device IDs", "\xef\xbb\xbf" DEVICE_ID),
    DEVICES("digits that only look like digits",
            "\xef\xbc\x90\xef\xbc\x90-DB-12-00-00-00-00-05"),
    CASE("two byte order marks", "<?xml", "\xef\xbb\xbf\xef\xbb\xbf<?xml", ""),
    CASE("XML 2.0", "version=\"1.0\"", "version=\"2.0\"", ""),
    CASE("a space before the declaration", "<?xml", " <?xml", ""),
    CASE("a comment before the declaration", "<?xml", "<!-- --><?xml", ""),
    CASE("two declarations", "<sr:Request", DECLARATION "<sr:Request", ""),
    CASE("a declaration inside the root", "<sr:Header>",
         DECLARATION "<sr:Header>", ""),
    CASE("standalone maybe", " encoding=\"UTF-8\"?>",
         " encoding=\"UTF-8\" standalone=\"maybe\"?>", ""),
};

/* ---- structure and namespaces ---- */

static const struct row STRUCTURES[] = {
    CASE("two roots", "</sr:Request>", "</sr:Request><sr:Request/>", ""),
    CASE("text after the root", "</sr:Request>", "</sr:Request>x", ""),
    CASE("text before the root", "<sr:Request", "x<sr:Request", ""),
    CASE("an end tag too many", "</sr:Request>", "</sr:Request></sr:Request>",
         ""),
    CASE("tags that cross", "</sr:Body>", "</sr:Header></sr:Body>", ""),
    CASE("no end", "</sr:Request>", "", ""),
    CASE("a tag cut short", "</sr:Request>", "</sr:Reque", ""),
    ROOT("an attribute twice", "schemaVersion=\"5.3\""),
    ROOT("an attribute twice by two prefixes",
         "xmlns:s2=\"urn:x\" xmlns:s3=\"urn:x\" s2:a=\"1\" s3:a=\"2\""),
    ROOT("an attribute without quotes", "a=b"),
    ROOT("an attribute with '<'", "a=\"<\""),
    ROOT("an attribute that nobody knows", "a=\"b\""),
    ROOT("an attribute of another namespace", "xml:id=\"a\""),
    ROOT("an xml:id that is no name", "xml:id=\".\" a=\"b\""),
    ROOT("xml:base", "xml:base=\"http://127.0.0.1:1/\""),
    ROOT("xsi:type", "xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" "
                     "i:type=\"sr:Response\""),
    ROOT("xsi:nil", "xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" "
                    "i:nil=\"true\""),
    CASE("a schemaVersion of another namespace",
         " schemaVersion=", " sr:schemaVersion=", ""),
    CASE("XInclude", "<sr:Header>",
         "<x:include xmlns:x=\"http://www.w3.org/2001/XInclude\" "
         "href=\"file:///etc/passwd\" parse=\"text\"/><sr:Header>",
         ""),
    CASE("XInclude in a value", "0123ABCD",
         "<x:include xmlns:x=\"http://www.w3.org/2001/XInclude\" "
         "href=\"file:///etc/passwd\" parse=\"text\"/>",
         ""),
    CASE("a stylesheet for the root", "<sr:Body>",
         "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\"/>"
         "<sr:Body>",
         ""),
    CASE("text between elements", "<sr:Header>", "x<sr:Header>", ""),
    CASE("a Header twice", "<sr:Header>", "<sr:Header/><sr:Header>", ""),
    CASE("a RequestID twice", "<sr:RequestID>",
         "<sr:RequestID>" ID_A ":" ACB ":9</sr:RequestID><sr:RequestID>", ""),
    CASE("a FirmwareVersion twice", "<sr:FirmwareVersion>",
         "<sr:FirmwareVersion>1</sr:FirmwareVersion><sr:FirmwareVersion>", ""),
    CASE("an element inside a value", "0123ABCD", "0123<sr:x/>ABCD", ""),
    CASE("another body beside it", "<sr:Body>",
         "<sr:Body><sr:ReadFirmwareVersion/>", ""),
    CASE("a Response", "<sr:Request ", "<sr:Response ", ""),
    CASE("no namespace", " xmlns:sr=\"" SR "\"", "", ""),
    CASE("another namespace", SR, "http://example.org/", ""),
    CASE("a namespace of another case", SR,
         "http://www.dccinterface.co.uk/serviceusergateway", ""),
    CASE("a namespace with a '/' more", SR, SR "/", ""),
    CASE("a namespace written with escapes", SR,
         "http://www.dccinterface.co.uk/%53erviceUserGateway", ""),
    CASE("a prefix for nothing", "xmlns:sr=\"" SR "\"", "xmlns:sr=\"\"", ""),
    CASE("a prefix bound anew inside", "<sr:Header>",
         "<sr:Header xmlns:sr=\"urn:x\">", ""),
    CASE("a prefix bound anew in the body", "<sr:UpdatePPMIDFirmware>",
         "<sr:UpdatePPMIDFirmware xmlns:sr=\"urn:x\">", ""),
    CASE("a prefix that is not bound", "<sr:FirmwareVersion>0123ABCD</sr:",
         "<su:FirmwareVersion>0123ABCD</su:", ""),
    CASE("a value of no namespace", "<sr:FirmwareVersion>0123ABCD</sr:",
         "<FirmwareVersion>0123ABCD</", ""),
    CASE("a value of a default namespace", "<sr:FirmwareVersion>0123ABCD</sr:",
         "<FirmwareVersion xmlns=\"urn:x\">0123ABCD</", ""),
    CASE("a second colon", "<sr:FirmwareVersion>0123ABCD</sr:",
         "<sr:x:FirmwareVersion>0123ABCD</sr:x:", ""),
    ROOT("xmlns bound", "xmlns:xmlns=\"urn:x\""),
    ROOT("xml bound to another name", "xmlns:xml=\"urn:x\""),
    ROOT("another prefix for xml",
         "xmlns:y=\"http://www.w3.org/XML/1998/namespace\""),
    ROOT("a prefix that begins with a digit", "xmlns:1=\"urn:x\""),
    CASE("a signature of another namespace",
         "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">",
         "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig\">", ""),
    CASE("a signature of the later namespace",
         "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">",
         "<ds:Signature xmlns:ds=\"http://www.w3.org/2009/xmldsig11#\">", ""),
};

/* ---- values ---- */

static const struct row VALUES[] = {
    VERSION("a comment in a version", "0123<!---->ABCD"),
    VERSION("a comment before a version", "<!-- -->0123ABCD"),
    VERSION("a comment after a version", "0123ABCD<!-- -->"),
    VERSION("an instruction in a version", "0123<?p i?>ABCD"),
    VERSION("CDATA for a version", "<![CDATA[0123ABCD]]>"),
    VERSION("CDATA in a version", "0123<![CDATA[ABCD]]>"),
    VERSION("an empty CDATA in a version", "0123<![CDATA[]]>ABCD"),
    VERSION("the end of a CDATA in a version", "0123]]>"),
    VERSION("a comment with two hyphens", "0123<!-- -- -->"),
    VERSION("a comment that does not end", "0123<!-- "),
    VERSION("an instruction named xml", "0123<?xml x?>"),
    VERSION("an empty version", ""),
    DEVICES("a comment in a Device ID", "00-DB-12-00-00<!-- -->-00-00-05"),
    DEVICES("a comment between Device IDs",
            DEVICE_ID "<!---->,00-DB-12-00-00-00-01-05"),
    DEVICES("CDATA for a Device ID", "<![CDATA[" DEVICE_ID "]]>"),
    DEVICES("CDATA for a comma",
            DEVICE_ID "<![CDATA[,]]>00-DB-12-00-00-00-01-05"),
    DEVICES("an instruction between Device IDs",
            DEVICE_ID "<?x?>,00-DB-12-00-00-00-01-05"),
    DEVICES("a comma in front", "," DEVICE_ID),
    DEVICES("a comma behind", DEVICE_ID ","),
    DEVICES("two commas", DEVICE_ID ",," DEVICE_ID),
    DEVICES("a semicolon", DEVICE_ID ";" DEVICE_ID),
    DEVICES("a tabulator", DEVICE_ID ",\t" DEVICE_ID),
    DEVICES("a line end", DEVICE_ID ",\n" DEVICE_ID),
    DEVICES("a line end by reference", DEVICE_ID "&#10;"),
    DEVICES("a Device ID without hyphens", "00DB120000000005"),
    DEVICES("a Device ID with colons", "00:DB:12:00:00:00:00:05"),
    DEVICES("a Device ID of 7 octets", "00-DB-12-00-00-00-00"),
    DEVICES("a Device ID of 9 octets", DEVICE_ID "-00"),
    DEVICES("SQL", "' or 1=1; drop table tracking_live; --"),
    CASE("a comment in the RequestID", "<sr:RequestID>90-B3",
         "<sr:RequestID>90<!-- -->-B3", ""),
    CASE("CDATA in the RequestID", "<sr:RequestID>90-B3",
         "<sr:RequestID><![CDATA[90]]>-B3", ""),
    CASE("a counter below 0", "30-00-00-02:", "30-00-00-02:-", ""),
    CASE("a counter with a sign", "30-00-00-02:", "30-00-00-02:+", ""),
    CASE("a counter in hexadecimal", "30-00-00-02:", "30-00-00-02:0x", ""),
    CASE("a counter with a point", "30-00-00-02:", "30-00-00-02:1.", ""),
    CASE("a counter of 40 digits", "30-00-00-02:",
         "30-00-00-02:1234567890123456789012345678901234567890", ""),
    CASE("a space in the counter", "30-00-00-02:", "30-00-00-02: ", ""),
    CASE("Command Variant 10", "<sr:CommandVariant>8", "<sr:CommandVariant>10",
         ""),
    CASE("Command Variant -8", "<sr:CommandVariant>8", "<sr:CommandVariant>-8",
         ""),
    CASE("Command Variant 8.0", "<sr:CommandVariant>8",
         "<sr:CommandVariant>8.0", ""),
    CASE("Command Variant 2^32 + 8", "<sr:CommandVariant>8",
         "<sr:CommandVariant>4294967304", ""),
    CASE("Command Variant eight", "<sr:CommandVariant>8",
         "<sr:CommandVariant>eight", ""),
    CASE("a service that is no number", "<sr:ServiceReference>11.4",
         "<sr:ServiceReference>eleven", ""),
    CASE("a service by path", "<sr:ServiceReference>11.4",
         "<sr:ServiceReference>../11.4", ""),
    CASE("an image with a stray character", "<sr:FirmwareImage>",
         "<sr:FirmwareImage>!", ""),
    CASE("an image in base64url", "<sr:FirmwareImage>",
         "<sr:FirmwareImage>-_-_", ""),
    CASE("an image with padding in the middle", "<sr:FirmwareImage>",
         "<sr:FirmwareImage>AA==", ""),
    CASE("an image of one character more", "<sr:FirmwareImage>",
         "<sr:FirmwareImage>A", ""),
    CASE("an image with a comment", "<sr:FirmwareImage>",
         "<sr:FirmwareImage>AAAA<!-- -->", ""),
    CASE("an image in CDATA", "<sr:FirmwareImage>",
         "<sr:FirmwareImage><![CDATA[AAAA]]>", ""),
    CASE("schemaVersion empty", "schemaVersion=\"5.4\"", "schemaVersion=\"\"",
         ""),
};

/* ---- running them ---- */

STRIKES(document_types_and_entities, DOCTYPES)
STRIKES(encodings, ENCODINGS)
STRIKES(structure_and_namespaces, STRUCTURES)
STRIKES(values, VALUES)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(document_types_and_entities),
        cmocka_unit_test(encodings),
        cmocka_unit_test(structure_and_namespaces),
        cmocka_unit_test(values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
