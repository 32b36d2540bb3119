import Messages
import Secrets

/// The next step after an error: words and commands that can be pasted, with the names that are known.
struct Remedy {
    let error: VaultError
    let objects: [VaultObject]

    private var vault: String { error.vault.name }
    private var assignee: String { error.assignee ?? "IDENTITY" }
    private var first: VaultObject? { objects.first }
    /// `secret`, `certificate` or `key`: the subcommand of `az keyvault`.
    private var noun: String { first?.kind.rawValue ?? "secret" }
    private var isManagedHSM: Bool { VaultCloud.of(error.vault)?.isManagedHSM ?? false }
    private var vaultOption: String { isManagedHSM ? "--hsm-name \(vault)" : "--vault-name \(vault)" }

    var hint: String? {
        switch error.reason {
        case .unresolved:
            "check the vault's name, and this machine's name service; a private endpoint needs the zone "
                + "'privatelink.vaultcore.azure.net' linked to its network"
        case .unreachable, .timedOut:
            "check that this machine may reach '\(error.vault.url)': routes, firewalls, https_proxy and no_proxy"
        case .broken, .failing, .answer: "try again; if it stays, look at the vault's health in the portal"
        case .throttled:
            "spread the starts, or raise --refresh: a vault takes 4,000 requests in 10 s from all its users"
        case .unsendable, .invalidName: "check the reference as it is written"
        case .untrusted:
            "name the authority that signed its certificate with '--ca-file', and check what stands between "
                + "this machine and the vault"
        case .redirected: "check the vault's address, and what stands between this machine and the vault"
        case .refused: "check the name and the version of what was asked for"
        case .challenge: "check the vault's address: a token is only sent to a host under the resource it is for"
        case .tokenRefused(let fault): token(fault)
        case .disabled: enable
        case .forbidden(let permission): permit(permission)
        case .firewall:
            "let its address in with 'az keyvault network-rule add --name \(vault) --ip-address ADDRESS', or its "
                + "subnet with 'az keyvault network-rule add --name \(vault) --vnet-name VNET --subnet SUBNET'"
        case .privateOnly:
            "connect through a private endpoint of the vault, or open it with "
                + "'az keyvault update --name \(vault) --public-network-access Enabled'"
        case .missing: find
        case .deleted: recover.map { "recover it with \($0)" }
        case .identity(let diagnosis): diagnosis.hint
        case .encoding: "set the entry's 'encoding' to how the value is stored, or 'utf-8' to have it as it is"
        case .notJSON: "leave out the part behind '#', or store JSON"
        case .pointerSyntax: "a JSON pointer begins with '/', as in '#/password'; '~1' is '/', '~0' is '~'"
        case .member: "the pointer names members by '/', with '~1' for '/' and '~0' for '~'"
        case .format(let fault): format(fault)
        }
    }

    /// Who may take the permission on: the role that suffices for the kind of object.
    private func permit(_ permission: VaultError.Permission) -> String? {
        switch permission {
        case .roles where isManagedHSM:
            return "grant it with 'az keyvault role assignment create --hsm-name \(vault) --role "
                + "\"Managed HSM Crypto User\" --assignee \(assignee) --scope /keys'"
        case .roles, .unknown:
            return "grant it with 'az role assignment create --role \"\(role)\" --assignee \(assignee) --scope "
                + "\"$(az keyvault show --name \(vault) --query id --output tsv)\"'; it can take minutes to work"
        case .policies:
            return "grant it with 'az keyvault set-policy --name \(vault) --spn \(assignee) \(policies)'"
        case .object:
            return nil
        }
    }

    private var role: String {
        switch first?.kind {
        case .key: "Key Vault Crypto User"
        case .certificate: "Key Vault Certificate User"
        case .secret, nil: "Key Vault Secrets User"
        }
    }

    private var policies: String {
        switch first?.kind {
        case .key: "--key-permissions get"
        // A certificate with its key is read as the secret of its name.
        case .certificate: "--certificate-permissions get --secret-permissions get"
        case .secret: "--secret-permissions get"
        case nil: "--secret-permissions get list"
        }
    }

    private var enable: String? {
        guard let first else { return nil }
        let version = first.version.map { " --version \($0)" } ?? ""
        return "enable it with 'az keyvault \(noun) set-attributes \(vaultOption) --name \(first.name)\(version) "
            + "--enabled true', or remove it from [env]"
    }

    private var recover: String? {
        first.map { "'az keyvault \(noun) recover \(vaultOption) --name \($0.name)'" }
    }

    private var find: String? {
        guard let first, let recover else { return nil }
        if first.version != nil {
            return "see its versions with 'az keyvault \(noun) list-versions \(vaultOption) --name \(first.name)'"
        }
        return "see what there is with 'az keyvault \(noun) list \(vaultOption) -o table'; if it was deleted, "
            + "recover it with \(recover)"
    }

    private func token(_ fault: VaultError.TokenFault) -> String? {
        switch fault {
        case .issuer:
            "use an identity of the vault's tenant: 'az keyvault show --name \(vault) --query properties.tenantId' "
                + "names it"
        case .expired: "check this machine's clock"
        case .claims: "the tenant's conditional access keeps this identity or this network out"
        case .unbound:
            "let the vault take bearer tokens again: its property 'tokenBindingMode' must not be 'Enforced'"
        case .audience, .other: nil
        }
    }

    private func format(_ fault: VaultError.FormatFault) -> String? {
        switch fault {
        case .noPrivateKey:
            "ask for 'format = \"pem-chain\"', or make a new version whose policy has an exportable key"
        case .notForSecrets: "leave out 'format', or name the object with 'certificate =' or 'key ='"
        case .password: "name a secret of text as the password"
        case .notForCertificates: "a certificate is had as pem, pem-key, pem-chain, pfx or pkcs12-truststore"
        case .notForKeys: "a key is had as jwk or pem"
        case .noPublicKey: "ask for 'format = \"jwk\"'"
        case .noCertificate, .unreadable: nil
        }
    }
}
