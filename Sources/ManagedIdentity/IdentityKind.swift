/// The identities that exist: what a choice ends in. The raw values stand in messages.
package enum IdentityKind: String, Sendable, CaseIterable {
    case clientSecret = "client-secret"
    case clientCertificate = "client-certificate"
    case workloadIdentity = "workload-identity"
    case serviceFabric = "service-fabric"
    case appService = "app-service"
    case appService2017 = "app-service-2017"
    case azureML = "azure-ml"
    case arc
    case cloudShell = "cloud-shell"
    case imds
    case azureCLI = "azure-cli"

    /// Whether the source runs on the machine and hands out the machine's or service's own identity.
    var isManaged: Bool {
        switch self {
        case .clientSecret, .clientCertificate, .workloadIdentity, .azureCLI: false
        default: true
        }
    }
}

/// Which of the identities that a managed source offers.
package enum AssignedIdentity: Sendable, Equatable {
    /// The system-assigned one, or whichever the source takes for its default.
    case system
    case clientID(String)
    case objectID(String)
    case resourceID(String)

    /// The words of a message: `client id`; nil for the default.
    var description: String? {
        switch self {
        case .system: nil
        case .clientID: "client id"
        case .objectID: "object id"
        case .resourceID: "resource id"
        }
    }

    /// The query's parameters; the endpoints differ in what they call a resource id.
    func parameters(resourceID name: String) -> [(String, String)] {
        switch self {
        case .system: []
        case .clientID(let id): [("client_id", id)]
        case .objectID(let id): [("object_id", id)]
        case .resourceID(let id): [(name, id)]
        }
    }

    /// The id as the user gave it.
    var value: String? {
        switch self {
        case .system: nil
        case .clientID(let id), .objectID(let id), .resourceID(let id): id
        }
    }
}
