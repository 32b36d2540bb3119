import LinuxSystem
import ManagedIdentity
import Messages
import Testing

private let problems: [IdentityError] = [
    .halfSet(.workloadIdentity, present: "AZURE_FEDERATED_TOKEN_FILE", missing: "AZURE_TENANT_ID"),
    .notConfigured(source: "app-service", reason: "IDENTITY_HEADER is not set"),
    .invalidValue(variable: "IDENTITY_HEADER", problem: "it can't be a header's value"),
    .invalidIdentity(problem: "the client id 'a b' is none"),
    .unsupportedIdentity(.azureML, .objectID("o")), .unsupportedIdentity(.cloudShell, .clientID("c")),
    .none(record: [Consideration(source: "imds", taken: false, reason: "no answer")]),
    .absent(.imds, reason: "a proxy answers"),
    .file(.arc, role: "the agent's key", SystemError(call: "open", code: 2, subject: "/k")),
    .file(.workloadIdentity, role: "AZURE_FEDERATED_TOKEN_FILE", SystemError(call: "open", code: 13, subject: "/k")),
    .unusableFile(.clientCertificate, role: "AZURE_CLIENT_CERTIFICATE_PATH", path: "/c", problem: "it is empty"),
    .unreachable(.imds, host: "169.254.169.254:80", reason: "timed out"),
    .untrusted(.serviceFabric, host: "localhost:2377", reason: "another certificate"),
    .throttled(.imds, retryAfter: .seconds(1)), .failing(.imds, status: 410, retryAfter: nil),
    .answer(.appService, problem: "the answer holds no token"),
    .unassigned(.imds, .system, hint: "assign it"),
    .unassigned(.imds, .resourceID("/subscriptions/s"), hint: "assign it"),
    .unchosen(.imds, hint: "choose one"), .refused(.imds, status: 400, code: "invalid_resource"),
    .denied(.appService, status: 403, hint: nil),
    .commandLine(.unavailable), .commandLine(.notFound), .commandLine(.notLoggedIn), .commandLine(.timedOut),
    .commandLine(.claimsUnsupported), .commandLine(.failed(status: 1, entraCode: 50076)),
    .commandLine(.couldNotRun(SystemError(call: "execve", code: 12))),
]

@Test(arguments: problems)
private func `every message is one line in the project's style`(problem: IdentityError) {
    let diagnosis = problem.diagnosis
    let lines = [diagnosis.text] + [diagnosis.hint].compactMap { $0 }
    #expect(lines.allSatisfy { line in line.first?.isLowercase == true && line.last != "." })
    #expect(lines.allSatisfy { line in line.utf8.allSatisfy { (0x20..<0x7F).contains($0) } })
    #expect(diagnosis.exitCode != .success)
    #expect(problem.mayPass == (diagnosis.exitCode == .temporary))
}
