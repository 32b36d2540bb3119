import Crypto
import FoundationEssentials

extension Bundles {
    init(_ azure: Azure, _ vault: Vault, _ call: Call) {
        self.init(
            base: azure.vaultURL(vault.name), recoverableDays: vault.recoverableDays,
            apiVersion: call.parameter("api-version") ?? "")
    }

    /// A key as GET answers it: the public part as a JSON web key.
    func key(_ name: String, _ version: Version<KeyContent>) -> JSON {
        let kid: JSON = .string(id(.keys, name, version.id))
        let members = [JSON.Member("kid", kid)] + (version.content.jwk.members ?? [])
        return .compact([
            "key": .object(members), "attributes": keyAttributes(version), "tags": tags(version.tags),
            "managed": version.managed ? true : nil,
        ])
    }

    private func keyAttributes(_ version: Version<KeyContent>) -> JSON {
        let common = attributes(version.attributes).members ?? []
        guard !isBeforeExportable else { return .object(common) }
        return .object(common + [JSON.Member("exportable", .bool(version.content.exportable))])
    }

    private var isBeforeExportable: Bool { ["2016-10-01", "7.0", "7.1", "7.2"].contains(apiVersion) }

    func keyItem(_ name: String, _ version: Version<KeyContent>, withVersion: Bool) -> JSON {
        .compact([
            "kid": .string(id(.keys, name, withVersion ? version.id : nil)),
            "attributes": keyAttributes(version), "tags": tags(version.tags),
            "managed": version.managed ? true : nil,
        ])
    }

    private func thumbprint(_ version: Version<CertificateContent>) -> JSON {
        .string(Base64.urlText(Insecure.SHA1.hash(data: Data(version.content.certificate))))
    }

    /// A certificate as GET answers it; the policy comes with the newest only.
    func certificate(_ name: String, _ version: Version<CertificateContent>, withPolicy: Bool) -> JSON {
        .compact([
            "id": .string(id(.certificates, name, version.id)), "kid": .string(id(.keys, name, version.id)),
            "sid": .string(id(.secrets, name, version.id)), "x5t": thumbprint(version),
            "cer": .string(Base64.text(version.content.certificate)), "attributes": attributes(version.attributes),
            "tags": tags(version.tags), "policy": withPolicy ? policy(name, version) : nil,
        ])
    }

    func certificateItem(_ name: String, _ version: Version<CertificateContent>, withVersion: Bool) -> JSON {
        .compact([
            "id": .string(id(.certificates, name, withVersion ? version.id : nil)), "x5t": thumbprint(version),
            "attributes": attributes(version.attributes), "tags": tags(version.tags),
        ])
    }

    private func policy(_ name: String, _ version: Version<CertificateContent>) -> JSON {
        let kind = version.content.kind
        let properties = JSON.compact([
            "exportable": .bool(version.content.exportable), "kty": .string(kind.rawValue),
            "key_size": .integer(kind == .rsa ? 2048 : 256), "crv": kind == .elliptic ? "P-256" : nil,
            "reuse_key": false,
        ])
        return [
            "id": .string("\(id(.certificates, name))/policy"), "key_props": properties,
            "secret_props": ["contentType": .string(version.content.contentType)],
            "x509_props": ["subject": .string(version.content.subject), "validity_months": 12],
            "issuer": ["name": .string(version.content.issuer)],
        ]
    }
}
