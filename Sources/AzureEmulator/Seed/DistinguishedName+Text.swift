import SwiftASN1
package import X509

extension DistinguishedName {
    /// Reads a name as Key Vault's policies write it: `CN=www.example.org, O=Example`.
    package init(text: String) throws(SeedError) {
        let types: [String: ASN1ObjectIdentifier] = [
            "CN": .RDNAttributeType.commonName, "O": .RDNAttributeType.organizationName,
            "OU": .RDNAttributeType.organizationalUnitName, "C": .RDNAttributeType.countryName,
            "L": .RDNAttributeType.localityName, "ST": .RDNAttributeType.stateOrProvinceName,
        ]
        var parts: [RelativeDistinguishedName] = []
        for part in text.split(separator: ",") {
            let halves = part.split(separator: "=", maxSplits: 1).map { String($0).trimmingWhitespace() }
            guard halves.count == 2, let type = types[halves[0].uppercased()] else {
                throw SeedError("'\(text)' is no subject; write CN=NAME, O=ORGANISATION")
            }
            let attribute = RelativeDistinguishedName.Attribute(type: type, utf8String: halves[1])
            parts.append(RelativeDistinguishedName([attribute]))
        }
        self.init(parts)
    }
}
