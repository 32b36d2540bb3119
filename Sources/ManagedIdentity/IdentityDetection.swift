import LinuxSystem
package import Secrets

/// The source that was chosen, and what was looked at on the way.
package struct IdentityDecision {
    let source: any IdentitySource
    /// Everything that was looked at, in order; the last one was taken.
    package internal(set) var record: [Consideration]
    /// Whether nobody named the source.
    package let isAutomatic: Bool

    /// What was chosen.
    package var kind: IdentityKind { source.kind }
    /// Who it is, as far as that can be told without a token: the source, and the ids that choose among what it offers.
    /// It holds no secret, and no endpoint, which may be another one at every start.
    package let subject: String
}

/// Chooses the identity: the named source, or the first one that is configured, in the order of latchkey(1),
/// IDENTITY SOURCES. The network is not touched: whether the instance metadata service is there shows with the first
/// token.
///
/// - An empty variable counts as one that is not set.
/// - Client secret and client certificate may also be credentials of systemd's, in `$CREDENTIALS_DIRECTORY` under the
///   names `azure-client-secret`, `azure-client-certificate` and `azure-client-certificate-password`; the variables win.
/// - An identity endpoint may be http or https anywhere but, without TLS, at an address of the public internet; it is
///   reached without a proxy, and with https its certificate is checked.
/// - The cluster's token proxy is used where `AZURE_KUBERNETES_TOKEN_PROXY` is set.
/// - Without `AZURE_AUTHORITY_HOST` the authority is that of the cloud of the vault's resource.
///
/// Throws for half-set groups, for values that can't be used, and for a named source that is not configured.
package func detectIdentity(
    _ options: IdentityOptions, in environment: IdentityEnvironment
) throws(IdentityError) -> IdentityDecision {
    let setting = try IdentitySetting(options, environment)
    let asked = options.source != .auto
    var record: [Consideration] = []
    let chosen = asked ? nil : try CredentialChoice(environment)
    for candidate in candidates where asked ? candidate.source == options.source : candidate.isAutomatic(chosen) {
        // A choice of the managed identity skips the probe, as the SDKs do.
        switch try candidate.type.look(setting, asked: asked || chosen == .managedIdentity && candidate.name == .imds) {
        case .found(let source, let reason):
            record.append(Consideration(source: source.kind.rawValue, taken: true, reason: reason))
            return IdentityDecision(
                source: source, record: record, isAutomatic: !asked, subject: try setting.subject(source.kind))
        case .absent(let reason):
            record.append(Consideration(source: candidate.name.rawValue, taken: false, reason: reason))
        }
    }
    guard asked else { throw .none(record: record) }
    throw .notConfigured(source: options.source.rawValue, reason: record.map(\.reason).joined(separator: ", and "))
}

private struct Candidate: Sendable {
    let name: IdentityKind
    let source: IdentityOptions.Source
    let type: any IdentitySource.Type
    var isOfDefault = true

    /// Whether `auto` looks at it.
    func isAutomatic(_ chosen: CredentialChoice?) -> Bool {
        guard let chosen else { return isOfDefault }
        return switch chosen {
        case .environment: source == .clientSecret || source == .clientCertificate
        case .workloadIdentity: source == .workloadIdentity
        case .managedIdentity: name.isManaged
        case .azureCLI: source == .azureCLI
        }
    }
}

/// A credential that `AZURE_TOKEN_CREDENTIALS` names: the variable with which Microsoft's SDKs are told which one to use.
/// What Latchkey does not have, and `dev` and `prod`, change nothing.
private enum CredentialChoice: String {
    case environment = "environmentcredential"
    case workloadIdentity = "workloadidentitycredential"
    case managedIdentity = "managedidentitycredential"
    case azureCLI = "azureclicredential"

    init?(_ environment: IdentityEnvironment) throws(IdentityError) {
        guard let text = try environment.text("AZURE_TOKEN_CREDENTIALS") else { return nil }
        self.init(rawValue: text.lowercased())
    }
}

/// In the order in which they are looked at.
private let candidates = [
    Candidate(name: .clientSecret, source: .clientSecret, type: ClientSecretSource.self),
    Candidate(name: .clientCertificate, source: .clientCertificate, type: ClientCertificateSource.self),
    Candidate(name: .workloadIdentity, source: .workloadIdentity, type: WorkloadIdentitySource.self),
    Candidate(name: .serviceFabric, source: .serviceFabric, type: ServiceFabricSource.self),
    Candidate(name: .appService, source: .appService, type: AppServiceSource.self),
    Candidate(name: .appService2017, source: .appService, type: LegacyAppServiceSource.self),
    Candidate(name: .arc, source: .arc, type: ArcSource.self),
    Candidate(name: .cloudShell, source: .cloudShell, type: CloudShellSource.self),
    Candidate(name: .imds, source: .imds, type: InstanceMetadataSource.self),
    Candidate(name: .azureCLI, source: .azureCLI, type: AzureCLISource.self, isOfDefault: false),
]
