//! The module rules of `ARCHITECTURE.md`, held against the code.
//!
//! The table there lists, for each module of `src/`, which other modules it may use. These tests parse every source
//! file and check that no module uses more than its row allows, and that no two files import each other, directly or
//! through others. Code under `#[cfg(test)]` is exempt.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests report a failure by panicking, and these read the source files"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use petgraph::graphmap::DiGraphMap;
use syn::visit::Visit;

/// The modules below the crate root that lead to an item, such as `["graph", "view"]`.
type ModulePath = Vec<String>;

/// One source file: where it is, what it imports or names, and what it re-exports under which name.
#[derive(Default)]
struct SourceFile {
    module: ModulePath,
    references: BTreeSet<ModulePath>,
    reexports: BTreeMap<String, ModulePath>,
}

/// Collects the paths of a file that begin with `crate`, `super`, or `self`.
struct References<'a> {
    file: &'a mut SourceFile,
}

impl References<'_> {
    /// Makes a path absolute. A path into another crate, or to a local name, is `None`.
    fn absolute(&self, segments: &[String]) -> Option<ModulePath> {
        let mut path = match segments.first()?.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => self.file.module.clone(),
            _ => return None,
        };
        let mut rest = segments;
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "crate" | "self" => {}
                "super" => {
                    path.pop();
                }
                _ => break,
            }
            rest = others;
        }
        path.extend(rest.iter().cloned());
        Some(path)
    }

    fn visit_tree(&mut self, tree: &syn::UseTree, prefix: &[String], is_reexport: bool) {
        let with = |ident: &syn::Ident| {
            let mut path = prefix.to_vec();
            path.push(ident.to_string());
            path
        };
        match tree {
            syn::UseTree::Path(path) => {
                self.visit_tree(&path.tree, &with(&path.ident), is_reexport);
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.visit_tree(tree, prefix, is_reexport);
                }
            }
            syn::UseTree::Name(name) if name.ident == "self" => self.add(prefix, None),
            syn::UseTree::Name(name) => {
                let exported = is_reexport.then(|| name.ident.to_string());
                self.add(&with(&name.ident), exported);
            }
            syn::UseTree::Rename(rename) => {
                let exported = is_reexport.then(|| rename.rename.to_string());
                self.add(&with(&rename.ident), exported);
            }
            syn::UseTree::Glob(_) => self.add(prefix, None),
        }
    }

    /// Adds a path that a `use` names. A re-export may begin with the name of a child module.
    fn add(&mut self, segments: &[String], exported: Option<String>) {
        let path = self.absolute(segments).or_else(|| {
            exported.as_ref()?;
            let mut path = self.file.module.clone();
            path.extend(segments.iter().cloned());
            Some(path)
        });
        let Some(path) = path else { return };
        if let Some(name) = exported {
            self.file.reexports.insert(name, path);
        } else {
            self.file.references.insert(path);
        }
    }
}

fn is_test_code(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && matches!(&attribute.meta, syn::Meta::List(list) if list.tokens.to_string() == "test")
    })
}

impl<'ast> Visit<'ast> for References<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test_code(&item.attrs) {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_test_code(&item.attrs) {
            syn::visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test_code(&item.attrs) {
            let is_reexport = !matches!(item.vis, syn::Visibility::Inherited);
            self.visit_tree(&item.tree, &[], is_reexport);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        self.add(&segments, None);
        syn::visit::visit_path(self, path);
    }
}

/// Parses one file. `path` is relative to `src/`.
fn parse(path: &str, text: &str) -> SourceFile {
    let module = path
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .filter(|name| name != "lib")
        .collect();
    let mut file = SourceFile {
        module,
        ..SourceFile::default()
    };
    let syntax = syn::parse_file(text).unwrap_or_else(|error| panic!("parsing {path}: {error}"));
    References { file: &mut file }.visit_file(&syntax);
    file
}

/// Every product file of `src/`. Files that hold tests alone, and the binary's `main.rs`, are left out.
fn source_files() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(&root).sort_by_file_name() {
        let entry = entry.expect("src/ can be listed");
        let path = entry.path().strip_prefix(&root).unwrap();
        let path = path.to_str().expect("a UTF-8 name");
        if path.ends_with(".rs") && path != "main.rs" && !is_test_file(path) {
            let text = std::fs::read_to_string(entry.path()).expect("a readable source file");
            files.push(parse(path, &text));
        }
    }
    files
}

fn is_test_file(path: &str) -> bool {
    path.split('/')
        .any(|part| matches!(part, "tests" | "tests.rs" | "properties.rs"))
}

/// The rows of the table in `ARCHITECTURE.md`: a module, and the modules that it may use.
fn allowed_modules(document: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut rules = BTreeMap::new();
    let rows = document
        .lines()
        .skip_while(|line| !line.starts_with("| module | what it does | may also use |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    for row in rows {
        let columns: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [module, _, uses] = columns[..] else {
            panic!("a row without three columns: {row}");
        };
        let names = |text: &str| -> BTreeSet<String> {
            let quoted = text.split('`').skip(1).step_by(2);
            quoted
                .map(|name| name.trim_end_matches('/').to_owned())
                .collect()
        };
        for module in names(module) {
            rules.insert(module, names(uses));
        }
    }
    assert!(!rules.is_empty(), "ARCHITECTURE.md has no table of modules");
    rules
}

/// Each use of a module that no row allows, as `file: module`.
fn forbidden_uses(
    files: &[SourceFile],
    rules: &BTreeMap<String, BTreeSet<String>>,
) -> BTreeSet<String> {
    let mut forbidden = BTreeSet::new();
    for file in files {
        let Some(own) = file.module.first() else {
            continue;
        };
        let Some(allowed) = rules.get(own) else {
            forbidden.insert(format!(
                "{}: no row for the module `{own}`",
                file.module.join("/")
            ));
            continue;
        };
        for path in file.references.iter().chain(file.reexports.values()) {
            let Some(used) = path.first().filter(|used| rules.contains_key(*used)) else {
                continue;
            };
            let is_allowed =
                used == own || used == "model" || allowed.contains(used) || allowed.contains("*");
            if !is_allowed {
                forbidden.insert(format!("{} uses `{used}`", file.module.join("/")));
            }
        }
    }
    forbidden
}

/// The file that defines what a path names. Re-exports are followed to where the item comes from.
fn defining_file(files: &[SourceFile], path: &[String]) -> Option<usize> {
    let mut path = path.to_vec();
    // A re-export leads to another, never in a circle: the compiler refuses that. The bound is for this test's own bugs.
    for _ in 0..16 {
        let (index, depth) = files
            .iter()
            .enumerate()
            .filter(|(_, file)| path.starts_with(&file.module))
            .map(|(index, file)| (index, file.module.len()))
            .max_by_key(|(_, depth)| *depth)?;
        match path
            .get(depth)
            .and_then(|name| files[index].reexports.get(name))
        {
            Some(target) if !path.starts_with(target) => {
                let rest = path.split_off(depth + 1);
                path = target.clone();
                path.extend(rest);
            }
            _ => return Some(index),
        }
    }
    None
}

/// Groups of files that import each other, each as a list of names.
fn import_cycles(files: &[SourceFile]) -> Vec<Vec<String>> {
    let mut graph = DiGraphMap::<usize, ()>::new();
    for (index, file) in files.iter().enumerate() {
        for target in file
            .references
            .iter()
            .filter_map(|path| defining_file(files, path))
        {
            if target != index {
                graph.add_edge(index, target, ());
            }
        }
    }
    let mut cycles: Vec<Vec<String>> = petgraph::algo::tarjan_scc(&graph)
        .into_iter()
        .filter(|group| group.len() > 1)
        .map(|group| {
            let mut names: Vec<String> = group
                .into_iter()
                .map(|index| files[index].module.join("/"))
                .collect();
            names.sort();
            names
        })
        .collect();
    cycles.sort();
    cycles
}

fn architecture() -> BTreeMap<String, BTreeSet<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    allowed_modules(&std::fs::read_to_string(path).expect("ARCHITECTURE.md can be read"))
}

#[test]
fn modules_use_only_what_their_row_allows() {
    let forbidden = forbidden_uses(&source_files(), &architecture());
    assert!(
        forbidden.is_empty(),
        "not allowed by ARCHITECTURE.md: {forbidden:#?}"
    );
}

/// The modules without I/O, as the introduction of `ARCHITECTURE.md` lists them. `catalog/files.rs` reads catalog files.
const PURE_MODULES: [&str; 8] = [
    "model",
    "catalog",
    "iam",
    "records",
    "graph",
    "evaluate",
    "reconcile",
    "formats",
];

/// Whether a file turns off the lint for the methods that `clippy.toml` disallows.
fn permits_effects(text: &str) -> bool {
    text.contains("clippy::disallowed_methods")
}

#[test]
fn pure_modules_do_not_turn_off_the_lint_for_effects() {
    assert!(permits_effects(
        "#![expect(clippy::disallowed_methods, reason = \"…\")]"
    ));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in walkdir::WalkDir::new(&root).sort_by_file_name() {
        let entry = entry.expect("src/ can be listed");
        let path = entry.path().strip_prefix(&root).unwrap();
        let path = path.to_str().expect("a UTF-8 name");
        let module = path.split(['/', '.']).next().unwrap_or_default();
        if PURE_MODULES.contains(&module) && path.ends_with(".rs") && path != "catalog/files.rs" {
            let text = std::fs::read_to_string(entry.path()).expect("a readable source file");
            assert!(!permits_effects(&text), "{path} allows disallowed methods");
        }
    }
}

#[test]
fn every_module_of_the_table_exists() {
    let files = source_files();
    for module in architecture().keys() {
        let exists = files.iter().any(|file| file.module.first() == Some(module));
        assert!(
            exists,
            "ARCHITECTURE.md lists `{module}`, which src/ does not have"
        );
    }
}

#[test]
fn no_files_import_each_other() {
    let cycles = import_cycles(&source_files());
    assert!(
        cycles.is_empty(),
        "files that import each other: {cycles:#?}"
    );
}

#[test]
fn a_forbidden_use_is_found_in_imports_and_in_paths() {
    let rules = allowed_modules(
        "| module | what it does | may also use |\n|---|---|---|\n| `model/` | data | – |\n\
         | `graph/` | edges | `model` |\n| `cli/` | commands | `*` |\n",
    );
    let files = [
        parse("model.rs", "pub struct Arn;"),
        parse(
            "graph/view.rs",
            "use crate::model::Arn; fn f() { crate::cli::print(); }",
        ),
        parse(
            "cli.rs",
            "use crate::graph::view; #[cfg(test)] mod tests { use crate::other; }",
        ),
        parse(
            "model/bad.rs",
            "use super::super::graph::{self, view::View};",
        ),
    ];
    let forbidden: Vec<String> = forbidden_uses(&files, &rules).into_iter().collect();
    assert_eq!(
        forbidden,
        ["graph/view uses `cli`", "model/bad uses `graph`"]
    );
}

#[test]
fn a_cycle_is_found_through_reexports_and_a_facade_is_none() {
    let facade = [
        parse(
            "graph.rs",
            "mod rows; mod view; pub use rows::Rows; pub use view::View;",
        ),
        parse("graph/rows.rs", "pub struct Rows;"),
        parse("graph/view.rs", "use super::Rows; pub struct View(Rows);"),
    ];
    assert_eq!(import_cycles(&facade), Vec::<Vec<String>>::new());
    let cycle = [
        parse(
            "graph.rs",
            "mod rows; mod view; pub use rows::Rows; pub use view::View;",
        ),
        parse("graph/rows.rs", "use crate::graph::View; pub struct Rows;"),
        parse("graph/view.rs", "use super::Rows; pub struct View(Rows);"),
    ];
    assert_eq!(import_cycles(&cycle), [["graph/rows", "graph/view"]]);
}
