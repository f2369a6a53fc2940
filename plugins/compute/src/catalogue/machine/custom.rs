//! Custom machine types, whose names say what they have: `n2-custom-4-8192`, `custom-2-4096`, `e2-custom-medium-5120`, each with
//! `-ext` for more memory than its processors would get. <https://cloud.google.com/compute/docs/instances/creating-instance-with-custom-machine-type>

use super::MachineType;
use super::families::sized;
use compute_api::failure;
use fogbank_sdk::{Error, Result};

/// What a family lets one choose.
struct Family {
    name: &'static str,
    most_cpus: u32,
    /// MiB for each processor, least and most.
    per_cpu: (u64, u64),
    /// MiB that a machine may have at most, in all.
    most: u64,
    /// The same with `-ext`; 0 where there is no such thing.
    most_extended: u64,
}

const FAMILIES: [Family; 5] = [
    Family { name: "n1", most_cpus: 96, per_cpu: (921, 6656), most: 638_976, most_extended: 638_976 },
    Family { name: "n2", most_cpus: 128, per_cpu: (512, 8192), most: 884_736, most_extended: 884_736 },
    Family { name: "n2d", most_cpus: 96, per_cpu: (512, 8192), most: 786_432, most_extended: 786_432 },
    Family { name: "n4", most_cpus: 80, per_cpu: (2048, 8192), most: 655_360, most_extended: 655_360 },
    Family { name: "e2", most_cpus: 32, per_cpu: (512, 8192), most: 131_072, most_extended: 0 },
];

/// Shared processors of e2 with memory to choose: name, least and most MiB.
const SHARED: [(&str, u64, u64); 3] = [("micro", 1024, 2048), ("small", 2048, 4096), ("medium", 4096, 8192)];

/// Reads the name of a custom type; nothing for a name that is not one.
pub fn parse(name: &str) -> Option<Result<MachineType>> {
    let (family, numbers) = match name.strip_prefix("custom-") {
        Some(numbers) => ("n1", numbers),
        None => name.split_once("-custom-")?,
    };
    let checked = FAMILIES.iter().find(|known| known.name == family).map(|family| family.read(name, numbers));
    Some(checked.unwrap_or_else(|| Err(wrong(name, "The machine family has no custom types."))))
}

fn wrong(name: &str, why: &str) -> Error {
    failure::invalid("resource.machineType", name, why)
}

// === impl Family ===

impl Family {
    fn read(&self, name: &str, numbers: &str) -> Result<MachineType> {
        let (numbers, extended) = match numbers.strip_suffix("-ext") {
            Some(numbers) => (numbers, true),
            None => (numbers, false),
        };
        let malformed = || wrong(name, "It should have the form FAMILY-custom-CPUS-MEMORY, with the memory in MB.");
        let (cpus, memory) = numbers.split_once('-').ok_or_else(malformed)?;
        let memory: u64 = memory.parse().map_err(|_| malformed())?;
        if !memory.is_multiple_of(256) {
            return Err(wrong(name, "The amount of memory has to be a multiple of 256 MB."));
        }
        if let Some(size) = SHARED.iter().find(|(size, ..)| self.name == "e2" && *size == cpus) {
            return shared(name, memory, size);
        }
        let cpus: u32 = cpus.parse().map_err(|_| malformed())?;
        self.check_cpus(name, cpus)?;
        self.check_memory(name, cpus, memory, extended)?;
        Ok(sized(name.to_owned(), cpus, memory))
    }

    fn check_cpus(&self, name: &str, cpus: u32) -> Result<()> {
        if cpus == 0 || cpus > self.most_cpus {
            return Err(wrong(name, &format!("The number of vCPUs has to be between 1 and {}.", self.most_cpus)));
        }
        let (right, rule) = match self.name {
            "n1" => (cpus == 1 || cpus.is_multiple_of(2), "1 or an even number"),
            "n2" => (
                cpus.is_multiple_of(2) && (cpus <= 32 || cpus.is_multiple_of(4)),
                "an even number, and above 32 a multiple of 4",
            ),
            "n2d" => (matches!(cpus, 2 | 4 | 8) || cpus.is_multiple_of(16), "2, 4, 8, 16 or a multiple of 16"),
            _ => (cpus.is_multiple_of(2), "an even number"),
        };
        if right { Ok(()) } else { Err(wrong(name, &format!("The number of vCPUs has to be {rule}."))) }
    }

    fn check_memory(&self, name: &str, cpus: u32, memory: u64, extended: bool) -> Result<()> {
        if extended && self.most_extended == 0 {
            return Err(wrong(name, "The machine family has no extended memory."));
        }
        let cpus = u64::from(cpus);
        let least = cpus * self.per_cpu.0;
        let most = if extended { self.most_extended } else { self.most.min(cpus * self.per_cpu.1) };
        match (least..=most).contains(&memory) {
            true => Ok(()),
            false => {
                Err(wrong(name, &format!("The memory of {cpus} vCPUs has to be between {least} MB and {most} MB.")))
            }
        }
    }
}

fn shared(name: &str, memory: u64, (_, least, most): &(&str, u64, u64)) -> Result<MachineType> {
    match (*least..=*most).contains(&memory) {
        true => Ok(MachineType { shared: true, disks: 16, disks_gb: 3072, ..sized(name.to_owned(), 2, memory) }),
        false => Err(wrong(name, &format!("The memory has to be between {least} MB and {most} MB."))),
    }
}
