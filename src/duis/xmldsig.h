/* For src/duis: the identifiers of accepted signatures (XML Signature,
 * RFC 6931), for the check of what is received and for what is sent. */
#ifndef FOTAD_DUIS_XMLDSIG_H
#define FOTAD_DUIS_XMLDSIG_H

#define XMLDSIG_NAMESPACE "http://www.w3.org/2000/09/xmldsig#"
#define XMLDSIG_EXCLUSIVE_C14N "http://www.w3.org/2001/10/xml-exc-c14n#"
#define XMLDSIG_C14N "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define XMLDSIG_C14N_11 "http://www.w3.org/2006/12/xml-c14n11"
#define XMLDSIG_ECDSA_SHA256                                                   \
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
#define XMLDSIG_ENVELOPED                                                      \
    "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
#define XMLDSIG_SHA256 "http://www.w3.org/2001/04/xmlenc#sha256"

#endif
