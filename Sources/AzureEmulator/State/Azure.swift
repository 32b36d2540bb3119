import FoundationEssentials
import Synchronization

/// Under which names and at which ports the emulator answers.
package struct Settings: Sendable {
    /// Vaults are named `NAME.SUFFIX`.
    package var vaultSuffix = "vault.localhost"
    package var loginHost = "login.localhost"
    package var address = "127.0.0.1"
    /// The value of `IDENTITY_HEADER` and `MSI_SECRET`.
    package var identityHeader = Hex.random(digits: 32)
    /// Where Arc's key files are written; the agent's own directory is `/var/opt/azcmagent/tokens`.
    package var arcTokenDirectory = "/var/opt/azcmagent/tokens"

    package init() {}
}

/// The ports that were bound; 0 while nothing listens.
package struct Ports: Equatable, Sendable {
    package var vault = 0
    package var identity = 0
    package var arc = 0

    package init() {}
}

/// The emulated cloud: the state that all endpoints share, behind one lock.
package final class Azure: Sendable {
    package let settings: Settings
    package let issuer: TokenIssuer
    private let world: Mutex<World>
    private let bound = Mutex(Ports())

    package init(settings: Settings, issuer: TokenIssuer = TokenIssuer(), world: World = World()) {
        self.settings = settings
        self.issuer = issuer
        self.world = Mutex(world)
    }

    /// Runs with the state locked; the body must be quick.
    package func locked<Result: Sendable, Failure: Error>(
        _ body: (inout World) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try world.withLock { (world: inout sending World) throws(Failure) in
            try body(&world)
        }
    }

    package var ports: Ports { bound.withLock { $0 } }

    /// Notes a bound port; how many of them there are now is told by `ports`.
    package func bind(_ port: Int, as listener: Listener) {
        bound.withLock { ports in
            switch listener {
            case .secure: ports.vault = port
            case .plain: ports.identity = port
            case .arc: ports.arc = port
            }
        }
    }

    /// The emulator's time: the machine's, moved or stopped as a test asked for.
    package func now() -> Double { locked { ($0.stoppedAt ?? Moment.now()) + $0.clockOffset } }

    private func port(_ number: Int) -> String { number == 443 ? "" : ":\(number)" }

    /// `https://login.localhost:PORT`
    package var authority: String { "https://\(settings.loginHost)\(port(ports.vault))" }

    /// The audience of the vaults' tokens. The port belongs to it: Microsoft's clients compare it with the vault's
    /// whole authority.
    package var vaultResource: String { "https://\(vaultSuffix)" }

    /// What follows a vault's name: `vault.localhost:PORT`.
    package var vaultSuffix: String { settings.vaultSuffix + port(ports.vault) }

    /// `https://NAME.vault.localhost:PORT`
    package func vaultURL(_ name: String, explicitPort: Bool = false) -> String {
        let suffix = explicitPort ? ":\(ports.vault)" : port(ports.vault)
        return "https://\(name).\(settings.vaultSuffix)\(suffix)"
    }

    /// The vault that a host names; nil for hosts that are not under the suffix.
    package func vaultName(host: String) -> String? {
        guard host.hasSuffix("." + settings.vaultSuffix) else { return nil }
        return String(host.dropLast(settings.vaultSuffix.utf8.count + 1))
    }

    /// The issuer that the tokens of a tenant name.
    package static func issuer(tenant: String) -> String { "https://sts.windows.net/\(tenant)/" }

    /// A token for a principal, and what is in it.
    package func token(
        for principal: Principal, resource: String, now: Double, meetsClaims: Bool = false
    ) -> (text: String, claims: TokenClaims) {
        let (tenant, lifetime, serial) = locked { world in
            world.tokensMade += 1
            return (world.tenant, world.tokenLifetime, world.tokensMade)
        }
        let claims = TokenClaims(
            audience: resource, issuer: Self.issuer(tenant: tenant), tenant: tenant, clientID: principal.clientID,
            objectID: principal.objectID, issuedAt: Int(now), expires: Int(now + lifetime), meetsClaims: meetsClaims,
            serial: serial)
        return (issuer.token(for: claims), claims)
    }

    /// What the journal says of a request's Authorization header.
    package func tokenNote(of call: Call) -> JournalEntry.TokenNote? {
        guard let header = call.header("authorization") else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        let scheme = parts.first.map { $0.lowercased() } ?? ""
        guard scheme == "bearer", parts.count == 2 else {
            return .init(scheme: scheme == "basic" ? "basic" : "other", audience: nil, owner: nil, isValid: false)
        }
        guard let claims = try? issuer.claims(of: String(parts[1])) else {
            let audience = TokenIssuer.audience(namedBy: String(parts[1]))
            return .init(scheme: scheme, audience: audience, owner: nil, isValid: false)
        }
        let isValid = Double(claims.expires) > call.now
        return .init(scheme: scheme, audience: claims.audience, owner: claims.objectID, isValid: isValid)
    }
}
