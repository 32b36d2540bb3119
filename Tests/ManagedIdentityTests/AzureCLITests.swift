import LatchkeyTestSupport
import LinuxSystem
import ManagedIdentity
import Messages
import Secrets
import Testing

private let asked = IdentityOptions(source: .azureCLI)

/// A stand-in for `az` that keeps its arguments.
private final class Command {
    private(set) var arguments: [[String]] = []
    private(set) var limits: [Duration] = []
    private let status: Int32
    private let output: String
    private let errors: String
    private let failure: CInt?

    init(status: Int32 = 0, output: String = "", errors: String = "", failure: CInt? = nil) {
        self.status = status
        self.output = output
        self.errors = errors
        self.failure = failure
    }

    func run(_ arguments: [String], _ limit: Duration) throws(SystemError) -> CommandOutput {
        self.arguments.append(arguments)
        limits.append(limit)
        if let failure { throw SystemError(call: "execve", code: failure, subject: "az") }
        let bytes = Array(output.utf8)
        return CommandOutput(status: status, output: SecretBytes(copying: bytes.span), errors: Array(errors.utf8))
    }
}

private func session(
    _ command: Command, _ harness: IdentityHarness, _ variables: [String: String] = [:]
) throws -> IdentitySession {
    try session(environment(variables, run: command.run), asked, harness)
}

private let output =
    #"{"accessToken":"synthetic-token","expiresOn":"2030-01-01 10:00:00.000000","expires_on":1893492000}"#

@Test func `the command is asked for the resource's token`() throws {
    let command = Command(output: output)
    let harness = IdentityHarness(.silence)
    let token = try session(command, harness).token(for: vault, retryPolicy: harness.retryPolicy())
    #expect(text(token.secret) == "synthetic-token")
    #expect(token.expiresOn == 1_893_492_000)
    #expect(
        command.arguments == [["az", "account", "get-access-token", "--output", "json", "--resource", vault]])
    #expect(command.limits == [.seconds(60)])
    #expect(harness.requests.isEmpty)
}

@Test(
    arguments: [("tenant-1", "hint", "tenant-1"), ("", "hint", "hint"), ("", "a b", nil)] as [(String, String, String?)]
)
func `the tenant is the environment's, else the vault's`(variable: String, hint: String, tenant: String?) throws {
    let command = Command(output: output)
    let harness = IdentityHarness(.silence)
    let session = try session(command, harness, ["AZURE_TENANT_ID": variable])
    _ = try session.token(for: vault, tenantHint: hint, retryPolicy: harness.retryPolicy())
    #expect(Array(command.arguments[0].dropFirst(7)) == (tenant.map { ["--tenant", $0] } ?? []))
}

@Test func `an expiry in local time is read where there is no number`() throws {
    let command = Command(output: #"{"accessToken":"synthetic-token","expiresOn":"2030-01-01 10:00:00.000000"}"#)
    let harness = IdentityHarness(.silence)
    let token = try session(command, harness).token(for: vault, retryPolicy: harness.retryPolicy())
    // Whatever the zone is, it is at most 14 hours off.
    #expect(abs(token.expiresOn - 1_893_492_000) <= 14 * 3600)
}

@Test(arguments: [
    #"{"accessToken":"synthetic-token","expiresOn":null,"expires_on":null}"#, #"{"accessToken":"synthetic-token"}"#,
])
func `a token without an expiry is used for an hour`(output: String) throws {
    let harness = IdentityHarness(.silence)
    let token = try session(Command(output: output), harness).token(for: vault, retryPolicy: harness.retryPolicy())
    #expect(token.expiresOn == now + 3600)
}

private struct Failure: Sendable {
    var status: Int32 = 1
    var output = ""
    var errors = ""
    var failure: CInt?
    var code: MessageCode
    var exit: ExitCode
}

@Test(arguments: [
    Failure(errors: "Please run 'az login' to setup account.", code: .identityDenied, exit: .denied),
    Failure(errors: "run az account set", code: .identityDenied, exit: .denied),
    Failure(errors: "AADSTS50076: synthetic. az login", code: .identityDenied, exit: .denied),
    Failure(status: 127, code: .identityNone, exit: .denied),
    Failure(failure: 2, code: .identityNone, exit: .denied),
    Failure(failure: 110, code: .identityUnreachable, exit: .temporary),
    Failure(failure: 12, code: .systemRefused, exit: .system),
    Failure(status: 0, output: "not json", code: .identityAnswer, exit: .protocolFailure),
    Failure(
        status: 0, output: #"{"accessToken":"t","expires_on":"soon"}"#, code: .identityAnswer, exit: .protocolFailure),
    Failure(status: 0, output: #"{"accessToken":"","expires_on":1}"#, code: .identityAnswer, exit: .protocolFailure),
])
private func `what the command says on failing is told in our words`(failure: Failure) throws {
    let command = Command(
        status: failure.status, output: failure.output, errors: failure.errors, failure: failure.failure)
    let harness = IdentityHarness(.silence)
    let session = try session(command, harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect((found.code, found.exitCode) == (failure.code, failure.exit))
    #expect(!found.text.contains("synthetic"))
}

@Test func `claims need a new login`() throws {
    let command = Command(output: output)
    let harness = IdentityHarness(.silence)
    let session = try session(command, harness)
    let found = try diagnosis { _ = try session.token(for: vault, claims: "{}", retryPolicy: harness.retryPolicy()) }
    #expect(found.exitCode == .denied)
    #expect(command.arguments.isEmpty)
}

@Test func `without a way to run commands there is no such identity`() throws {
    let harness = IdentityHarness(.silence)
    let session = try session(environment(), asked, harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect(found.code == .identityNone)
}
