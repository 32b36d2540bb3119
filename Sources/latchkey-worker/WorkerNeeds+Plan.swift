import LaunchConfiguration
import LinuxSystem
import Messages
import Secrets
import SecretsDirectory

extension WorkerNeeds {
    /// What an attempt needs once it has sent its plan.
    init(_ plan: LaunchPlan, _ directories: DeliveryDirectories?) {
        let own = try? UserIdentity.current()
        let owner = directories?.secrets.owner
        self.init(user: owner?.user ?? own?.user ?? 0, group: owner?.group ?? own?.group ?? 0)
        // Root reads the files that it is told to read, whoever owns them: templates, certificates, the keys of Arc's
        // agent. Container engines give root CAP_DAC_OVERRIDE and not the capability that is for reading only.
        capabilities = [Self.ownPermitted.contains(.readEverything) ? .readEverything : .overrideAccess]
        if owner?.identity != nil {
            capabilities.formUnion([.setUser, .setGroup])
            changesIdentity = true
        } else if let owner, owner.group != own?.group {
            capabilities.insert(.changeOwner)
        }
        if plan.identity.source == .azureCLI {
            // Its login may be in the home directory of another user.
            capabilities.formUnion([.changeOwner, .overrideAccess, .actAsOwner])
            startsProgram = true
        }
        // Includes the modes of the cache files.
        modes = Set(plan.items.compactMap(\.mode) + [0o400])
        if plan.refresh.cache == .sealed { modes.insert(0o600) }
        if let owner { modes.formUnion([owner.fileMode, owner.directoryMode]) }
    }

    /// The capabilities that this process may use (proc(5), `CapPrm`); the one for reading where that can't be read.
    private static var ownPermitted: Set<Capability> {
        let digits = ProcessFiles.statusLine("CapPrm:", of: ProcessFiles.ownProcess) ?? ""
        guard let bits = UInt64(digits, radix: 16) else { return [.readEverything] }
        return Set([Capability.readEverything, .overrideAccess].filter { bits >> UInt64($0.rawValue) & 1 == 1 })
    }
}

extension Confinement {
    /// Drops what the plan does not need. Logs at the level `debug` what could not be dropped.
    static func keepOnly(_ needs: WorkerNeeds, _ log: WorkerLog) {
        do throws(SystemError) {
            try keepOnly(needs)
        } catch {
            log.write(Message(.debug, .confinementMissing, "the kernel cannot sandbox this worker fully: \(error)"))
        }
    }
}
