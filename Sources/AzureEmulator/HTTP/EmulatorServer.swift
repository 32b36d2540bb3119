import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
import Synchronization
package import UnixSignals

/// The ports to bind; 0 for any that is free.
package struct PortWishes: Equatable, Sendable {
    package var vault = 0
    package var identity = 0
    /// Nil for no port of Arc's own.
    package var arc: Int?

    package init(vault: Int = 0, identity: Int = 0, arc: Int? = nil) {
        self.vault = vault
        self.identity = identity
        self.arc = arc
    }
}

/// Serves the emulated cloud until its service group is told to stop.
package struct EmulatorServer: Sendable {
    let azure: Azure
    let server: KeyPair
    let wishes: PortWishes
    let cluster: ClusterIssuer
    let control: ControlRoutes

    package init(
        azure: Azure, server: KeyPair, wishes: PortWishes, cluster: ClusterIssuer, control: ControlRoutes
    ) {
        self.azure = azure
        self.server = server
        self.wishes = wishes
        self.cluster = cluster
        self.control = control
    }

    /// Runs until cancelled or told to stop; `ready` is called once, when every port is bound.
    package func run(
        stopOn signals: [UnixSignal] = [], overdue: (@Sendable () -> Void)? = nil,
        _ ready: @escaping @Sendable (Ports) -> Void
    ) async throws {
        let count = wishes.arc == nil ? 2 : 3
        let missing = Mutex(count)
        let bound: @Sendable (Listener, Int) -> Void = { listener, port in
            azure.bind(port, as: listener)
            let isLast = missing.withLock { left in
                left -= 1
                return left == 0
            }
            if isLast { ready(azure.ports) }
        }
        var services: [any Service] = [
            try application(.secure, port: wishes.vault) { bound(.secure, $0) },
            try application(.plain, port: wishes.identity) { bound(.plain, $0) },
        ]
        if let port = wishes.arc { services.append(try application(.arc, port: port) { bound(.arc, $0) }) }
        if let overdue { services.append(Deadline(overdue: overdue)) }
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: signals, logger: Self.silent)
        // A client that never closes must not hold up the end.
        configuration.maximumGracefulShutdownDuration = .milliseconds(500)
        try await ServiceGroup(configuration: configuration).run()
    }

    private static var silent: Logger { Logger(label: "latchkey-emulator") { _ in SwiftLogNoOpLogHandler() } }

    private func application(
        _ listener: Listener, port: Int, bound: @escaping @Sendable (Int) -> Void
    ) throws -> any Service {
        let gateway = Gateway(azure: azure, listener: listener, routes: routes)
        var builder = HTTPServerBuilder.http1()
        if listener == .secure {
            let chain = try NIOSSLCertificate.fromPEMBytes(Array(server.certificatePEM.utf8))
            let key = try NIOSSLPrivateKey(bytes: Array(server.keyPEM.utf8), format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = .tlsv12
            // Key Vault speaks HTTP/1.1 only.
            configuration.applicationProtocols = ["http/1.1"]
            builder = try .tls(.http1(), tlsConfiguration: configuration)
        }
        let wish = "\(azure.settings.address):\(port)"
        return PortNamingService(
            place: wish,
            service: Application(
                responder: gateway, server: builder,
                configuration: ApplicationConfiguration(
                    address: .hostname(azure.settings.address, port: port), serverName: nil),
                onServerRunning: { channel in bound(channel.localAddress?.port ?? port) }, logger: Self.silent))
    }

    private var routes: [Endpoint: Routes] {
        let appService = Routes(AppService(azure: azure).routes)
        let objects = [
            SecretRoutes(azure: azure).routes, KeyRoutes(azure: azure).routes, CertificateRoutes(azure: azure).routes,
        ]
        return [
            .vault: Routes(objects.flatMap(\.self)), .entra: Routes(EntraRoutes(azure: azure, cluster: cluster).routes),
            .appService: appService, .appService2017: appService, .azureML: Routes(AzureML(azure: azure).routes),
            .imds: Routes(InstanceMetadata(azure: azure).routes), .arc: Routes(Arc(azure: azure).routes),
            .cloudShell: Routes(CloudShell(azure: azure).routes),
            .serviceFabric: Routes(ServiceFabric(azure: azure).routes), .control: Routes(control.routes),
        ]
    }
}

/// Ends what does not end by itself soon after it was told to: TLS waits seconds for a client's farewell, and who stops an
/// emulator does not want to.
private struct Deadline: Service {
    let overdue: @Sendable () -> Void

    func run() async throws {
        try? await gracefulShutdown()
        let overdue = overdue
        Task.detached {
            try? await Task.sleep(for: .milliseconds(200))
            overdue()
        }
    }
}

/// Says which port could not be bound, and why.
private struct PortNamingService<Wrapped: Service>: Service {
    let place: String
    let service: Wrapped

    func run() async throws {
        do {
            try await service.run()
        } catch let error as IOError {
            let why = error.errnoCode == EADDRINUSE ? "another program listens there" : error.description
            throw SetupError("cannot listen at \(place): \(why)")
        }
    }
}
