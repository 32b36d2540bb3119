import LinuxSystem
package import Messages

extension IdentityError: DiagnosableError {
    /// The error in words, with its exit code and the next step.
    package var diagnosis: Diagnosis {
        switch self {
        case .halfSet, .notConfigured, .invalidValue, .invalidIdentity, .unsupportedIdentity: configurationDiagnosis
        case .none, .absent, .unassigned, .unchosen, .refused, .denied: refusalDiagnosis
        case .file, .unusableFile: fileDiagnosis
        case .unreachable, .untrusted, .throttled, .failing, .answer: exchangeDiagnosis
        case .entra(let refusal): refusal.diagnosis
        case .commandLine(let problem): problem.diagnosis
        }
    }

    private var configurationDiagnosis: Diagnosis {
        switch self {
        case .halfSet(let kind, let present, let missing):
            Diagnosis(
                .identityHalfSet, exit: .configuration,
                "identity '\(kind.rawValue)': \(present) is set, but \(missing) is not",
                hint: "set \(missing), or unset \(present) to use another identity")
        case .notConfigured(let source, let reason):
            Diagnosis(
                .identityHalfSet, exit: .configuration, "identity '\(source)' is asked for, but \(reason)",
                hint: "use '--identity auto', or run where this identity exists")
        case .invalidValue(let variable, let problem):
            Diagnosis(
                .environmentValue, exit: .configuration,
                "the environment variable \(variable) can't be used: \(problem)")
        case .invalidIdentity(let problem):
            Diagnosis(.configurationValue, exit: .configuration, problem)
        case .unsupportedIdentity(let kind, let identity):
            Diagnosis(
                .configurationValue, exit: .configuration,
                "identity '\(kind.rawValue)' can't be chosen by \(identity.description ?? "id")",
                hint: kind.hasClientIDs
                    ? "name the identity with --client-id"
                    : "leave out --client-id, --object-id and --resource-id: this source has one identity only")
        default: preconditionFailure("no configuration error")
        }
    }

    private var refusalDiagnosis: Diagnosis {
        switch self {
        case .none(let record):
            Diagnosis(
                .identityNone, exit: .denied,
                "no identity found: " + record.map { "\($0.source): \($0.reason)" }.joined(separator: "; "),
                hint: "assign a managed identity to this machine, set AZURE_TENANT_ID, AZURE_CLIENT_ID and "
                    + "AZURE_CLIENT_SECRET, or use '--identity azure-cli' after 'az login'")
        case .absent(let kind, let reason):
            Diagnosis(
                .identityNone, exit: .denied, "identity '\(kind.rawValue)' is not here: \(reason)",
                hint: "see with 'latchkey check --explain --identity auto' which one is; outside of Azure use "
                    + "--identity client-secret, client-certificate or workload-identity")
        case .unassigned(let kind, let identity, let hint):
            Diagnosis(
                .identityUnknown, exit: .denied,
                identity.value.map {
                    "identity '\(kind.rawValue)': no identity with the \(identity.description ?? "id") '\($0)' is assigned"
                } ?? "identity '\(kind.rawValue)': no managed identity is assigned",
                hint: hint)
        case .unchosen(let kind, let hint):
            Diagnosis(
                .identityUnknown, exit: .denied,
                "identity '\(kind.rawValue)': several identities are assigned, and none of them is chosen", hint: hint)
        case .refused(let kind, let status, let code, let hint):
            Diagnosis(
                .identityRefused, exit: .protocolFailure,
                "identity '\(kind.rawValue)': the endpoint refused the request (HTTP \(status)\(code.map { ", \($0)" } ?? ""))",
                hint: hint)
        case .denied(let kind, let status, let hint):
            Diagnosis(
                .identityDenied, exit: .denied,
                "identity '\(kind.rawValue)': the endpoint denied a token (HTTP \(status))",
                hint: hint ?? MessageCode.identityDenied.entry.remedy)
        default: preconditionFailure("no refusal")
        }
    }

    private var fileDiagnosis: Diagnosis {
        switch self {
        case .file(let kind, let role, let error):
            let path = error.subject.map { " '\($0)'" } ?? ""
            let text = "identity '\(kind.rawValue)': \(role): the file\(path) can't be read: \(error.reason)"
            switch error.code {
            case SystemError.noSuchFile: return Diagnosis(.environmentValue, exit: .noInput, text)
            case SystemError.accessDenied:
                return Diagnosis(.systemRefused, exit: .system, text, hint: "let this user read the file")
            default: return Diagnosis(.environmentValue, exit: .configuration, text)
            }
        case .unusableFile(let kind, let role, let path, let problem):
            return Diagnosis(
                .environmentValue, exit: .configuration,
                "identity '\(kind.rawValue)': \(role): the file '\(path)' can't be used: \(problem)")
        default: preconditionFailure("no file error")
        }
    }

    private var exchangeDiagnosis: Diagnosis {
        switch self {
        case .unreachable(let kind, let host, let reason):
            Diagnosis(
                .identityUnreachable, exit: .temporary,
                "identity '\(kind.rawValue)': no answer from '\(host)': \(reason)",
                hint: kind == .appService
                    ? "check that the identity is assigned; in Container Apps, that its lifecycle in identitySettings is "
                        + "'All', or 'Main' for this container"
                    : kind.isManaged
                        ? "check that this machine's identity is enabled, and that the endpoint in the environment is its own"
                        : "check the network, https_proxy and AZURE_AUTHORITY_HOST")
        case .untrusted(let kind, let host, let reason):
            Diagnosis(
                .identityUntrusted, exit: .protocolFailure,
                "identity '\(kind.rawValue)': '\(host)' did not prove who it is: \(reason)",
                hint: kind == .serviceFabric
                    ? "compare IDENTITY_SERVER_THUMBPRINT with the endpoint's certificate"
                    : "name its authority with --ca-file")
        case .throttled(let kind, _):
            Diagnosis(
                .identityThrottled, exit: .temporary, "identity '\(kind.rawValue)': too many requests (HTTP 429)")
        case .failing(let kind, let status, _):
            Diagnosis(
                .identityFailing, exit: .temporary, "identity '\(kind.rawValue)': the endpoint failed (HTTP \(status))")
        case .answer(let kind, let problem):
            Diagnosis(.identityAnswer, exit: .protocolFailure, "identity '\(kind.rawValue)': \(problem)")
        default: preconditionFailure("no exchange error")
        }
    }
}

extension IdentityKind {
    /// Whether a user-assigned identity can be named at least by its client id.
    var hasClientIDs: Bool {
        switch self {
        case .serviceFabric, .cloudShell, .azureCLI: false
        default: true
        }
    }
}

extension IdentityError.CommandLineProblem {
    var diagnosis: Diagnosis {
        switch self {
        case .unavailable:
            Diagnosis(.identityNone, exit: .denied, "identity 'azure-cli': commands can't be run here")
        case .notFound:
            Diagnosis(
                .identityNone, exit: .denied, "identity 'azure-cli': no 'az' in PATH",
                hint: "install the Azure CLI, or choose another --identity")
        case .notLoggedIn:
            Diagnosis(
                .identityDenied, exit: .denied, "identity 'azure-cli': nobody is logged in",
                hint: "log in with 'az login'")
        case .timedOut:
            Diagnosis(.identityUnreachable, exit: .temporary, "identity 'azure-cli': 'az' did not answer in time")
        case .claimsUnsupported:
            Diagnosis(
                .identityDenied, exit: .denied, "identity 'azure-cli': the vault asks for a new login",
                hint: "log in anew with 'az logout', then 'az login'")
        case .failed(let status, let code):
            Diagnosis(
                .identityDenied, exit: .denied,
                "identity 'azure-cli': 'az' failed (status \(status)\(code.map { ", AADSTS\($0)" } ?? ""))",
                hint: "see what 'az account get-access-token --resource https://vault.azure.net --query expiresOn' says"
            )
        case .couldNotRun(let error):
            Diagnosis(.systemRefused, exit: .system, "identity 'azure-cli': 'az' can't be run: \(error.reason)")
        }
    }
}
