/// The environment variables of an app in each of Azure's hosting environments, as the emulator serves them.
struct Environments {
    let azure: Azure
    let files: IdentityFiles
    /// SHA-1 of the server's certificate, in hexadecimal.
    let thumbprint: String

    var machine: String { "http://\(host):\(azure.ports.identity)" }

    /// The address as a URL has it; what listens at all addresses is reached at this machine's own.
    private var host: String {
        switch azure.settings.address {
        case "0.0.0.0": "127.0.0.1"
        case "::": "[::1]"
        case let address where address.contains(":"): "[\(address)]"
        case let address: address
        }
    }

    /// Name of the environment and its variables; one for each kind and one for each application.
    var all: [(name: String, variables: [(String, String)])] {
        let header = azure.settings.identityHeader
        var all: [(name: String, variables: [(String, String)])] = [
            ("app-service", [("IDENTITY_ENDPOINT", "\(machine)/msi/token"), ("IDENTITY_HEADER", header)]),
            ("app-service-2017", [("MSI_ENDPOINT", "\(machine)/msi/token"), ("MSI_SECRET", header)]),
            ("azure-ml", [("MSI_ENDPOINT", "\(machine)/azure-ml/token"), ("MSI_SECRET", header)]),
            ("cloud-shell", [("MSI_ENDPOINT", "\(machine)/cloud-shell/oauth2/token")]),
            ("imds", [("AZURE_POD_IDENTITY_AUTHORITY_HOST", machine)]),
            ("arc", [("IDENTITY_ENDPOINT", arc), ("IMDS_ENDPOINT", machine)]),
            (
                "service-fabric",
                [
                    ("IDENTITY_ENDPOINT", "\(tlsURL)/metadata/identity/oauth2/token"), ("IDENTITY_HEADER", header),
                    ("IDENTITY_SERVER_THUMBPRINT", thumbprint),
                ]
            ),
        ]
        for principal in azure.locked({ $0.identities }) { all += application(principal) }
        return all.map { ($0.name, $0.variables + vaults) }
    }

    /// What leads Latchkey to the vaults here by the names that they have in Azure.
    private var vaults: [(String, String)] {
        [("LATCHKEY_VAULT_SUFFIX", azure.vaultSuffix), ("LATCHKEY_CA_FILE", files.state.file("ca.pem"))]
    }

    /// The TLS port under the name that is neither a vault's nor Entra's.
    private var tlsURL: String { "https://localhost\(azure.ports.vault == 443 ? "" : ":\(azure.ports.vault)")" }

    private var arc: String {
        guard azure.ports.arc != 0 else { return "\(machine)/arc/metadata/identity/oauth2/token" }
        return "http://\(host):\(azure.ports.arc)/metadata/identity/oauth2/token"
    }

    private func application(_ principal: Principal) -> [(name: String, variables: [(String, String)])] {
        let common = [
            ("AZURE_AUTHORITY_HOST", azure.authority), ("AZURE_TENANT_ID", azure.locked { $0.tenant }),
            ("AZURE_CLIENT_ID", principal.clientID),
        ]
        var all: [(name: String, variables: [(String, String)])] = []
        if let secret = principal.secrets.first {
            all.append(("client-secret-\(principal.name)", common + [("AZURE_CLIENT_SECRET", secret)]))
        }
        if files.hasMadeCertificate(principal.name) {
            let path = ("AZURE_CLIENT_CERTIFICATE_PATH", files.certificatePath(principal.name))
            all.append(("client-certificate-\(principal.name)", common + [path]))
        }
        let issuer = "\(azure.authority)/cluster"
        if principal.federations.contains(where: { $0.issuer.isEmpty || $0.issuer == issuer }) {
            let path = ("AZURE_FEDERATED_TOKEN_FILE", files.tokenPath(principal.name))
            all.append(("workload-identity-\(principal.name)", common + [path]))
            let proxy = [
                ("AZURE_KUBERNETES_TOKEN_PROXY", "\(tlsURL)\(EntraRoutes.proxy)"),
                ("AZURE_KUBERNETES_SNI_NAME", azure.settings.loginHost),
                ("AZURE_KUBERNETES_CA_FILE", files.state.file("ca.pem")),
            ]
            all.append(("workload-identity-proxy-\(principal.name)", common + [path] + proxy))
        }
        return all
    }

    /// `NAME=value`, one a line; a value that a shell or systemd's `EnvironmentFile=` would take apart is quoted.
    static func text(_ variables: [(String, String)]) -> String {
        variables.map { "\($0.0)=\(quoted($0.1))\n" }.joined()
    }

    private static func quoted(_ value: String) -> String {
        let plain = "-_./:@%+,=~"
        let isPlain = value.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte & 0xDF) || plain.utf8.contains(byte)
        }
        return isPlain
            ? value
            : "'" + value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
