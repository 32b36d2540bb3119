/// Certificates and keys as the seed asks for them; made outside, since that takes tools and time.
package struct MadeObjects: Sendable {
    package var certificates: [String: MadeCertificate] = [:]
    package var keys: [String: JSON] = [:]

    package init() {}

    package static func place(_ vault: String, _ name: String) -> String {
        "\(vault.lowercased())/\(name.lowercased())"
    }
}

/// A certificate with its key, ready for a vault.
package struct MadeCertificate: Sendable {
    package var der: [UInt8]
    /// The value of the secret of the same name: PEM, or a PFX in base64.
    package var secretValue: String
    package var jwk: JSON
    package var notBefore: Int
    package var notAfter: Int
}

extension World {
    /// Makes the world what the seed says. What is as in the seed before stays untouched; a changed value becomes a
    /// new version; what is no longer there is deleted.
    package mutating func apply(_ new: Seed, made: MadeObjects, now: Int) {
        tenant = new.tenant ?? Seed.defaultTenant
        tokenLifetime = new.tokenLifetime ?? 86_400
        if seed.randomSeed != new.randomSeed || started == 0 {
            faults.reseed(UInt64(bitPattern: Int64(new.randomSeed ?? 1)))
        }
        if started == 0 { started = Double(now) }
        identities = new.identities.isEmpty ? [Seed.defaultIdentity] : new.identities.map(\.principal)
        if new.faults != seed.faults {
            faults.faults.removeAll(where: \.fromSeed)
            faults.faults += new.faults.map { seed in
                var fault = seed.fault
                fault.fromSeed = true
                return fault
            }
        }
        let before = Dictionary(seed.vaults.map { ($0.name.lowercased(), $0) }) { $1 }
        let after = Set(new.vaults.map { $0.name.lowercased() })
        for name in before.keys where !after.contains(name) { vaults[name] = nil }
        for vault in new.vaults {
            apply(vault, before: before[vault.name.lowercased()], made: made, location: new.location, now: now)
        }
        seed = new
        seedError = nil
    }

    private mutating func apply(
        _ new: VaultSeed, before: VaultSeed?, made: MadeObjects, location: String?, now: Int
    ) {
        let key = new.name.lowercased()
        var vault = vaults[key] ?? Vault(name: key)
        vault.access = new.access
        vault.recoverableDays = new.recoverableDays ?? 90
        vault.emptyPages = new.emptyPages
        vault.location = location ?? "westeurope"
        vault.ceiling.limit = new.ceiling ?? RequestCeiling.keyVault
        vault.ceiling.window = new.ceilingWindow ?? RequestCeiling.keyVaultWindow
        vault.ceiling.retryAfter = new.retryAfter
        let old = Dictionary((before?.secrets ?? []).map { ($0.name.uppercased(), $0) }) { $1 }
        let kept = Set(new.secrets.map { $0.name.uppercased() })
        for (name, secret) in old where !kept.contains(name) {
            _ = try? vault.secrets.delete(secret.name, now: now, days: vault.recoverableDays)
        }
        for secret in new.secrets where old[secret.name.uppercased()] != secret {
            vault.put(secret, before: old[secret.name.uppercased()], now: now)
        }
        for certificate in new.certificates where before?.certificates.contains(certificate) != true {
            if let made = made.certificates[MadeObjects.place(key, certificate.name)] {
                vault.put(certificate, made, now: now)
            }
        }
        for seed in new.keys where before?.keys.contains(seed) != true {
            guard let jwk = made.keys[MadeObjects.place(key, seed.name)] else { continue }
            var attributes = Attributes(enabled: seed.enabled, created: now)
            attributes.updated = now
            let version = Version(
                id: seed.version ?? Hex.random(digits: 32), content: KeyContent(jwk: jwk), attributes: attributes,
                tags: seed.tags)
            _ = try? vault.keys.add(version, to: seed.name)
        }
        vaults[key] = vault
    }
}

extension Vault {
    fileprivate mutating func put(_ seed: SecretSeed, before: SecretSeed?, now: Int) {
        if secrets.isDeleted(seed.name) { _ = try? secrets.recover(seed.name) }
        let old = before?.versions ?? []
        for (index, version) in seed.versions.enumerated() {
            let previous = index < old.count ? old[index] : nil
            if previous == version { continue }
            // Same value and version: only dates, tags or the like were edited.
            if let previous, previous.value == version.value, previous.version == version.version,
                previous.contentType == version.contentType, index == seed.versions.count - 1
            {
                _ = try? secrets.update(seed.name, nil) { current in
                    current.attributes.enabled = version.enabled
                    current.attributes.notBefore = version.notBefore
                    current.attributes.expires = version.expires
                    current.attributes.updated = now
                    current.tags = version.tags
                }
                continue
            }
            _ = try? secrets.add(Self.version(of: version, now: now), to: seed.name)
        }
        if seed.deleted { _ = try? secrets.delete(seed.name, now: now, days: recoverableDays) }
    }

    /// Adds a seed's versions as new ones; a deleted secret is recovered first.
    package mutating func add(_ seed: SecretSeed, now: Int) { put(seed, before: nil, now: now) }

    private static func version(of seed: SecretVersionSeed, now: Int) -> Version<SecretContent> {
        let created = seed.managedStorage ? nil : seed.created ?? now
        let attributes = Attributes(
            enabled: seed.enabled, notBefore: seed.notBefore, expires: seed.expires, created: created)
        return Version(
            id: seed.managedStorage ? "" : seed.version ?? Hex.random(digits: 32),
            content: SecretContent(value: seed.value, contentType: seed.contentType), attributes: attributes,
            tags: seed.tags, managed: seed.managedStorage)
    }

    /// A certificate is three objects of one name and one version: certificate, key and secret.
    fileprivate mutating func put(_ seed: CertificateSeed, _ made: MadeCertificate, now: Int) {
        let id = seed.version ?? Hex.random(digits: 32)
        let attributes = Attributes(
            enabled: seed.enabled, notBefore: made.notBefore, expires: made.notAfter, created: now)
        let certificate = CertificateContent(
            certificate: made.der, contentType: seed.contentType, exportable: seed.exportable,
            subject: seed.subject, kind: seed.kind, issuer: seed.isIssued ? "Emulator" : "Self")
        let secret = SecretContent(
            value: made.secretValue, contentType: seed.contentType, keyPath: "keys/\(seed.name)/\(id)")
        _ = try? certificates.add(
            Version(id: id, content: certificate, attributes: attributes, tags: seed.tags), to: seed.name)
        _ = try? keys.add(
            Version(
                id: id, content: KeyContent(jwk: made.jwk, exportable: seed.exportable), attributes: attributes,
                tags: seed.tags, managed: true), to: seed.name)
        _ = try? secrets.add(
            Version(id: id, content: secret, attributes: attributes, tags: seed.tags, managed: true), to: seed.name)
    }
}
