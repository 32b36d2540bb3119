import HTTPTransport
import LinuxSystem
import Messages
import Secrets

/// The Azure CLI of a developer, who is logged in to it. Nothing of its output is ever shown.
struct AzureCLISource: IdentitySource {
    let kind = IdentityKind.azureCLI
    let tenant: String?

    var followsTenant: Bool { tenant == nil }

    static func look(_ setting: IdentitySetting, asked: Bool) throws(IdentityError) -> Look {
        try setting.requireNoChoice(.azureCLI)
        let tenant = try setting.environment.text("AZURE_TENANT_ID")
        if let tenant, !IdentitySetting.isTenant(tenant) {
            throw .invalidValue(variable: "AZURE_TENANT_ID", problem: "a tenant is an id or a domain name")
        }
        return .found(AzureCLISource(tenant: tenant), because: "asked for")
    }

    func token(_ ask: TokenAsk, through client: TokenClient) throws(IdentityError) -> AccessToken {
        guard let run = client.environment.runCommand else { throw .commandLine(.unavailable) }
        guard ask.claims == nil else { throw .commandLine(.claimsUnsupported) }
        var arguments = ["az", "account", "get-access-token", "--output", "json", "--resource", ask.resource]
        if let tenant = tenant ?? ask.tenantHint { arguments += ["--tenant", tenant] }
        let limit = min(max(ask.retryPolicy.deadline - client.transport.now, .seconds(1)), .seconds(60))
        let result = try Self.output(of: arguments, limit, run)
        guard result.status == 0 else { throw .commandLine(Self.problem(result.status, result.errors)) }
        let (token, number, date) = try TokenAnswer.reading(result.output, kind, "the output of 'az'") {
            (root, text) throws(JSONFault) in
            (
                try root.secret("accessToken", in: text), try root.numberOrText("expires_on", in: text),
                try root.text("expiresOn", in: text)
            )
        }
        guard let token, token.count > 0 else { throw .answer(kind, problem: "the output of 'az' holds no token") }
        // Without an expiry an hour, as for every answer without one.
        let unknown = client.environment.wallClock() + 3600
        guard let expiry = number.map(Expiry.seconds) ?? date.map(Expiry.localSeconds) ?? unknown else {
            throw .answer(kind, problem: "the token's expiry is \(Expiry.problem)")
        }
        return try TokenAnswer.accessToken(token, expiresOn: expiry, kind: kind, resource: ask.resource)
    }

    private static func output(
        of arguments: [String], _ limit: Duration, _ run: CommandRunner
    ) throws(IdentityError) -> CommandOutput {
        do throws(SystemError) {
            return try run(arguments, limit)
        } catch {
            switch error.code {
            case SystemError.noSuchFile: throw .commandLine(.notFound)
            case SystemError.timedOut: throw .commandLine(.timedOut)
            default: throw .commandLine(.couldNotRun(error))
            }
        }
    }

    private static func problem(_ status: Int32, _ errors: [UInt8]) -> IdentityError.CommandLineProblem {
        guard status != 127 else { return .notFound }
        let text = String(decoding: errors.prefix(1 << 14), as: UTF8.self)
        let code = ErrorAnswer.entraCode(in: text)
        let asksForLogin = text.contains("az login") || text.contains("az account set")
        return asksForLogin && code == nil ? .notLoggedIn : .failed(status: status, entraCode: code)
    }
}
