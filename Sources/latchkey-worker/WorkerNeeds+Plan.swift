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
        // agent.
        capabilities = [.readEverything]
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
        // Includes the mode of the cache file.
        modes = Set(plan.files.compactMap(\.mode) + [0o400])
        if let owner { modes.formUnion([owner.fileMode, owner.directoryMode]) }
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
