import HTTPTransport
import Secrets

/// One way to a token: a small value that knows its endpoint and its protocol.
protocol IdentitySource: SendableMetatype {
    /// Looks for the source's signs, and takes what it needs from them.
    ///
    /// `asked`: the user named this source, so that defaults may stand in for signs. Throws for a half-set group and
    /// for values that cannot be used.
    static func look(_ setting: IdentitySetting, asked: Bool) throws(IdentityError) -> Look

    var kind: IdentityKind { get }

    /// Whether the tenant of a vault's challenge changes the token.
    var followsTenant: Bool { get }

    /// Fetches a token, tries again included.
    func token(_ ask: TokenAsk, through client: TokenClient) throws(IdentityError) -> AccessToken
}

extension IdentitySource {
    var followsTenant: Bool { false }
}

/// What a look at the surroundings gave; the texts are reasons for people.
enum Look {
    case found(any IdentitySource, because: String)
    case absent(because: String)
}

/// The user's choice and the surroundings, with ids checked and the rules of half-set groups.
struct IdentitySetting {
    let environment: IdentityEnvironment
    private let options: IdentityOptions
    private let variableClientID: String?

    init(_ options: IdentityOptions, _ environment: IdentityEnvironment) throws(IdentityError) {
        self.options = options
        self.environment = environment
        variableClientID = try environment.text("AZURE_CLIENT_ID")
        if let id = variableClientID, !Self.isPlain(id) {
            throw .invalidValue(variable: "AZURE_CLIENT_ID", problem: "it is no client id")
        }
        for (name, id) in [("client id", options.clientID), ("object id", options.objectID)] {
            guard let id else { continue }
            guard Self.isPlain(id) else { throw .invalidIdentity(problem: "the \(name) '\(id)' is none") }
        }
        if let id = options.resourceID, !Self.isResource(id) {
            throw .invalidIdentity(
                problem: "the resource id '\(id)' is none: it begins with '/subscriptions/'")
        }
        guard [ownClientID, options.objectID, options.resourceID].count(where: { $0 != nil }) <= 1 else {
            throw .invalidIdentity(
                problem: "an identity is named by its client id, object id or resource id, by one of them")
        }
    }

    /// The client id that the user gave apart from the variable (whoever reads the options may have put the variable
    /// in there).
    private var ownClientID: String? {
        options.clientID == variableClientID ? nil : options.clientID
    }

    /// The client id of an application, for the sources that talk to Entra.
    func applicationID(_ kind: IdentityKind) throws(IdentityError) -> String? {
        if let id = options.objectID { throw .unsupportedIdentity(kind, .objectID(id)) }
        if let id = options.resourceID { throw .unsupportedIdentity(kind, .resourceID(id)) }
        return options.clientID ?? variableClientID
    }

    /// Who a source of this kind is, for `IdentityDecision.subject`.
    func subject(_ kind: IdentityKind) throws(IdentityError) -> String {
        var parts = [kind.rawValue, assigned.description ?? "", assigned.value ?? ""]
        // An application's tenant and cloud; the Azure CLI's login is where its variables say.
        let names =
            kind.isManaged
            ? []
            : kind == .azureCLI
                ? ["AZURE_TENANT_ID", "AZURE_CONFIG_DIR", "HOME"] : ["AZURE_TENANT_ID", "AZURE_AUTHORITY_HOST"]
        for name in names { parts.append(try environment.path(name) ?? "") }
        return parts.joined(separator: "\u{0}")
    }

    /// The identity that a managed source is asked for.
    var assigned: AssignedIdentity {
        if let id = options.objectID { return .objectID(id) }
        if let id = options.resourceID { return .resourceID(id) }
        return (options.clientID ?? variableClientID).map { .clientID($0) } ?? .system
    }

    /// For a source with one identity only: refuses an id that the user gave. The variable alone is no such wish.
    func requireNoChoice(_ kind: IdentityKind) throws(IdentityError) {
        if let id = options.objectID { throw .unsupportedIdentity(kind, .objectID(id)) }
        if let id = options.resourceID { throw .unsupportedIdentity(kind, .resourceID(id)) }
        if let id = ownClientID { throw .unsupportedIdentity(kind, .clientID(id)) }
    }

    /// The companions of a variable that is set; the first one missing is named.
    func require(_ variables: [String], for kind: IdentityKind, besides present: String) throws(IdentityError) {
        for variable in variables where !environment.isSet(variable) {
            throw .halfSet(kind, present: present, missing: variable)
        }
    }

    /// Tenant and application of a group that `present` began.
    func entra(_ kind: IdentityKind, besides present: String) throws(IdentityError) -> EntraApplication {
        guard let tenant = try environment.text("AZURE_TENANT_ID") else {
            throw .halfSet(kind, present: present, missing: "AZURE_TENANT_ID")
        }
        guard Self.isTenant(tenant) else {
            throw .invalidValue(variable: "AZURE_TENANT_ID", problem: "a tenant is an id or a domain name")
        }
        guard let clientID = try applicationID(kind) else {
            throw .halfSet(kind, present: present, missing: "AZURE_CLIENT_ID")
        }
        return EntraApplication(
            kind: kind, tenant: tenant, clientID: clientID, authority: try Authority.configured(environment))
    }

    /// An identity endpoint's URL from a variable.
    func endpoint(_ variable: String, encrypted: Bool = false) throws(IdentityError) -> EndpointURL? {
        guard let text = try environment.text(variable) else { return nil }
        guard let url = EndpointURL(text) else {
            throw .invalidValue(variable: variable, problem: "it is no http or https URL")
        }
        guard url.scheme == "https" || !encrypted else {
            throw .invalidValue(variable: variable, problem: "it must be an https URL")
        }
        guard url.scheme == "https" || !url.isPublicAddress else {
            throw .invalidValue(variable: variable, problem: "it is plain http to an address of the internet")
        }
        return url
    }

    static func isTenant(_ text: String) -> Bool {
        (1...256).contains(text.utf8.count)
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") }
            && text != "." && text != ".."
    }

    private static func isPlain(_ text: String) -> Bool {
        (1...256).contains(text.utf8.count)
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }
    }

    private static func isResource(_ text: String) -> Bool {
        text.lowercased().hasPrefix("/subscriptions/") && text.utf8.count <= 1024
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._/()".contains($0)) }
    }
}
