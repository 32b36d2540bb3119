import LaunchConfiguration
import LinuxSystem
import Messages
import Secrets
import SecretsDirectory

/// What a supervised worker may do with files from the time at which it knows its plan: read what an attempt reads, and
/// change what is in its directories.
///
/// The kernel takes rights for what is there (landlock(7)), and never widens them. A right to the nearest directory above
/// what is still to come would be one to `/var` or `/run`, to much that is nobody's business here. So a worker has no
/// right to it; it looks again before it waits and before it fails (`FileSight`), and has the attempt begun anew by a
/// worker that finds it.
struct FileRights {
    /// The system's own: libraries and name service modules, their configuration, the resolver's, the trust stores.
    private static let system = [
        "/etc", "/usr", "/lib", "/lib64", "/opt", "/nix/store", "/gnu/store", "/var/lib/ca-certificates",
        "/var/lib/sss/mc", "/etc/resolv.conf", "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager",
        "/run/netconfig", "/run/nscd", "/proc/self", "/proc/sys/kernel/random/boot_id", "/proc/sys/kernel/hostname",
        "/sys/devices/system/cpu", "/dev/null", "/dev/urandom", "/dev/random",
    ]
    /// Azure Arc's agent leaves its keys there.
    private static let agents = "/var/opt/azcmagent/tokens"
    private static let named = [
        "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_KUBERNETES_CA_FILE", "SSL_CERT_FILE",
        "CREDENTIALS_DIRECTORY",
    ]

    let readable: [String]
    let changeable: [CInt]

    init(_ plan: LaunchPlan, _ environment: EnvironmentEntries, _ directories: DeliveryDirectories?) {
        var readable = Self.system + [Self.agents]
        readable += [plan.authoritiesFile, ProcessFiles.bundleDirectory].compactMap { $0 }
        readable += Self.named.compactMap { environment.text($0) }.filter { !$0.isEmpty }
        readable += (environment.text("SSL_CERT_DIR") ?? "").split(separator: ":").map(String.init)
        for file in plan.files {
            if case .template(let path, _) = file.content { readable.append(path) }
        }
        self.readable = readable
        changeable = [directories?.instance?.descriptor, directories?.secrets.descriptor].compactMap { $0 }
    }
}

extension Confinement {
    /// Confines the worker to the files of its plan, and says at the finest level what the kernel can't do. Returns what it
    /// may read.
    ///
    /// With `azure-cli` files stay as they are: `az` is a program of its own, which renews and writes its login.
    func apply(
        _ plan: LaunchPlan, _ environment: EnvironmentEntries, _ directories: DeliveryDirectories?, _ log: WorkerLog
    ) -> FileSight {
        var problems = [callsProblem].compactMap { $0 }
        var sight = FileSight([])
        if plan.identity.source != .azureCLI {
            let rights = FileRights(plan, environment, directories)
            // Before the rules: what comes between is readable, and looked at in vain.
            sight = FileSight(rights.readable)
            do throws(SystemError) {
                try restrictFiles(readable: rights.readable, changeable: rights.changeable)
            } catch {
                problems.append(error)
            }
        }
        for problem in problems {
            log.write(
                Message(.debug, .confinementMissing, "this worker is not confined as it could be: \(problem)"))
        }
        return sight
    }
}
