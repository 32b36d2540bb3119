import LaunchConfiguration
import LinuxSystem
import Messages
import Secrets
import SecretsDirectory

/// What a supervised worker may do with files once it knows its plan: read the files that an attempt needs, and change
/// files in its directories.
///
/// The kernel accepts rules only for existing files (landlock(7)), and never widens them. A file that a worker needs
/// may appear later; a rule for its nearest existing directory would allow `/var` or `/run` and much else. So the
/// worker gets no rule for it. It looks again before it waits and before it fails (`FileSight`). If the file has
/// appeared, another worker begins the attempt anew.
struct FileRights {
    /// Files of the system: libraries and name service modules, their configuration, the resolver's files, the trust
    /// stores.
    private static let system = [
        "/etc", "/usr", "/lib", "/lib64", "/opt", "/nix/store", "/gnu/store", "/var/lib/ca-certificates",
        "/var/lib/sss/mc", "/etc/resolv.conf", "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager",
        "/run/netconfig", "/run/nscd", "/proc/self", "/proc/sys/kernel/random/boot_id", "/proc/sys/kernel/hostname",
        "/sys/devices/system/cpu", "/dev/null", "/dev/urandom", "/dev/random",
    ]
    /// Azure Arc's agent writes its keys there.
    private static let agents = "/var/opt/azcmagent/tokens"
    private static let named = [
        "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_KUBERNETES_CA_FILE", "SSL_CERT_FILE",
        "CREDENTIALS_DIRECTORY",
    ]

    let readable: [String]
    let changeable: [CInt]

    init(
        _ plan: LaunchPlan, _ environment: EnvironmentEntries, _ directories: DeliveryDirectories?, _ cache: StartCache
    ) {
        var readable = Self.system + [Self.agents]
        readable += [plan.authoritiesFile, ProcessFiles.bundleDirectory].compactMap { $0 }
        readable += Self.named.compactMap { environment.text($0) }.filter { !$0.isEmpty }
        readable += (environment.text("SSL_CERT_DIR") ?? "").split(separator: ":").map(String.init)
        for item in plan.items {
            if case .template(.file(let path), _) = item.content { readable.append(path) }
        }
        self.readable = readable
        changeable =
            [directories?.instance?.descriptor, directories?.secrets.descriptor].compactMap { $0 } + cache.changeable
            + cache.changeable
    }
}

extension Confinement {
    /// Confines the worker to the files of its plan. Logs at the level `debug` what the kernel can't do. Returns what
    /// the worker may read.
    ///
    /// With `azure-cli` the access to files is not restricted: `az` is a program that renews and stores its login.
    func apply(
        _ plan: LaunchPlan, _ environment: EnvironmentEntries, _ directories: DeliveryDirectories?, _ cache: StartCache,
        _ log: WorkerLog
    ) -> FileSight {
        var problems = [callsProblem].compactMap { $0 }
        var sight = FileSight([])
        if plan.identity.source != .azureCLI {
            let rights = FileRights(plan, environment, directories, cache)
            // Before the rules: a file that appears in between is readable, and only causes a needless look.
            sight = FileSight(rights.readable)
            do throws(SystemError) {
                try restrictFiles(readable: rights.readable, changeable: rights.changeable)
            } catch {
                problems.append(error)
            }
        }
        for problem in problems {
            log.write(
                Message(.debug, .confinementMissing, "the kernel cannot sandbox this worker fully: \(problem)"))
        }
        return sight
    }
}
