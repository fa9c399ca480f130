//! What a statement locks before PostgreSQL asks whether its sender may.
//!
//! Most commands look at the rights first. Some open a table with a strong lock and are refused afterwards: whoever waits
//! for that lock has everybody queue behind, so that a login without any right could stop all reads and writes of a
//! table. Here the rights are looked at before, for relations of ours and of the system.

use std::ffi::CStr;

use pgrx::PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE;
use pgrx::pg_sys::NodeTag;
use pgrx::{PgList, pg_sys};

use super::{event, owner};
use crate::error::{Answer, Failure};

/// What lets somebody through.
#[derive(Clone, Copy)]
enum Needs {
    /// To have the rights of the relation's owner.
    Ownership,
    /// This right on the relation, or on one of its columns.
    Right(u32),
}

/// Refuses (42501) the statement that is about to begin if it would lock what its sender has no right to lock. For an
/// event trigger.
pub fn require_rights(call: pg_sys::FunctionCallInfo) -> Answer<()> {
    let statement = event::statement(call);
    // SAFETY: reads a variable of the backend.
    let user = unsafe { pg_sys::GetUserId() };
    if statement.is_null() || owns_ours(user) {
        return Ok(());
    }
    let tag = event::tag(call).unwrap_or_default();
    let mut look = Look { user, tag: &tag, table: std::ptr::null_mut(), in_new_schema: None };
    // SAFETY: what has fired the trigger is a statement as the parser has made it.
    unsafe { look.at(statement) }
}

/// Whether a role has the rights of bourse_owner, as superusers have.
fn owns_ours(user: pg_sys::Oid) -> bool {
    // SAFETY: catalog look-ups that the server remembers.
    unsafe { pg_sys::superuser_arg(user) || owner::role().is_some_and(|role| pg_sys::has_privs_of_role(user, role)) }
}

/// Whether a relation is ours, or came with the database, as the catalogs did.
fn is_guarded(relation: pg_sys::Oid) -> bool {
    relation.to_u32() < pg_sys::FirstNormalObjectId || owner::is_ours(relation)
}

struct Look<'a> {
    user: pg_sys::Oid,
    tag: &'a str,
    /// The table that the statement makes: it is there before its foreign keys look for theirs.
    table: *mut pg_sys::RangeVar,
    /// In CREATE SCHEMA, the tables made so far: its names mean what is in the new schema, if it is there.
    in_new_schema: Option<Vec<&'a CStr>>,
}

impl Look<'_> {
    // SAFETY: a node says what it is; the caller's is a statement that the parser has made.
    unsafe fn at(&mut self, statement: *mut pg_sys::Node) -> Answer<()> {
        // SAFETY: as above. A foreign table begins as a table does.
        unsafe {
            match (*statement).type_ {
                NodeTag::T_RuleStmt => {
                    self.relation((*statement.cast::<pg_sys::RuleStmt>()).relation, Needs::Ownership)
                }
                NodeTag::T_CreateTrigStmt => {
                    let table = (*statement.cast::<pg_sys::CreateTrigStmt>()).relation;
                    self.relation(table, Needs::Right(pg_sys::ACL_TRIGGER))
                }
                NodeTag::T_CreateStmt | NodeTag::T_CreateForeignTableStmt => self.table(statement.cast()),
                NodeTag::T_CreateSchemaStmt => self.schema(statement.cast()),
                NodeTag::T_AlterTableStmt => self.alter(statement.cast()),
                NodeTag::T_AlterObjectDependsStmt => self.depends(statement.cast()),
                NodeTag::T_CreateStatsStmt => self.nodes((*statement.cast::<pg_sys::CreateStatsStmt>()).relations),
                NodeTag::T_CreatePublicationStmt => {
                    self.nodes((*statement.cast::<pg_sys::CreatePublicationStmt>()).pubobjects)
                }
                NodeTag::T_AlterPublicationStmt => {
                    self.nodes((*statement.cast::<pg_sys::AlterPublicationStmt>()).pubobjects)
                }
                NodeTag::T_CommentStmt => {
                    let comment = statement.cast::<pg_sys::CommentStmt>();
                    self.object((*comment).objtype, (*comment).object)
                }
                NodeTag::T_SecLabelStmt => {
                    let label = statement.cast::<pg_sys::SecLabelStmt>();
                    self.object((*label).objtype, (*label).object)
                }
                NodeTag::T_AlterExtensionContentsStmt => {
                    let contents = statement.cast::<pg_sys::AlterExtensionContentsStmt>();
                    self.object((*contents).objtype, (*contents).object)
                }
                _ => Ok(()),
            }
        }
    }

    // SAFETY: as of `at`.
    unsafe fn table(&mut self, statement: *mut pg_sys::CreateStmt) -> Answer<()> {
        // SAFETY: as above; a table has a name.
        unsafe {
            match &mut self.in_new_schema {
                Some(made) => made.push(CStr::from_ptr((*(*statement).relation).relname)),
                None => self.table = (*statement).relation,
            }
            self.nodes((*statement).inhRelations)?;
            self.nodes((*statement).tableElts)
        }
    }

    // SAFETY: as of `at`.
    unsafe fn schema(&mut self, statement: *mut pg_sys::CreateSchemaStmt) -> Answer<()> {
        self.in_new_schema = Some(Vec::new());
        // SAFETY: as above. What is no table comes after the tables, or locks nothing of others.
        unsafe {
            let elements = PgList::<pg_sys::Node>::from_pg((*statement).schemaElts);
            let is_table = |node: &*mut pg_sys::Node| (**node).type_ == NodeTag::T_CreateStmt;
            elements.iter_ptr().filter(is_table).try_for_each(|node| self.at(node))?;
            for node in elements.iter_ptr().filter(|node| (**node).type_ == NodeTag::T_CreateTrigStmt) {
                // Without a schema, it means the new one.
                if !(*(*node.cast::<pg_sys::CreateTrigStmt>()).relation).schemaname.is_null() {
                    self.at(node)?;
                }
            }
        }
        Ok(())
    }

    // SAFETY: as of `at`.
    unsafe fn alter(&mut self, statement: *mut pg_sys::AlterTableStmt) -> Answer<()> {
        // SAFETY: as above; the definition of a command says what it is.
        unsafe {
            let commands = PgList::<pg_sys::AlterTableCmd>::from_pg((*statement).cmds);
            commands.iter_ptr().map(|command| (*command).def).try_for_each(|node| self.node(node))
        }
    }

    // SAFETY: as of `at`.
    unsafe fn depends(&mut self, statement: *mut pg_sys::AlterObjectDependsStmt) -> Answer<()> {
        use pg_sys::ObjectType::{OBJECT_INDEX, OBJECT_MATVIEW};
        // SAFETY: as above; an index and a materialized view are relations.
        unsafe {
            match (*statement).objectType {
                OBJECT_INDEX | OBJECT_MATVIEW => self.relation((*statement).relation, Needs::Ownership),
                _ => Ok(()),
            }
        }
    }

    // SAFETY: the caller's list is one of nodes.
    unsafe fn nodes(&mut self, list: *mut pg_sys::List) -> Answer<()> {
        // SAFETY: as above.
        unsafe { PgList::<pg_sys::Node>::from_pg(list).iter_ptr().try_for_each(|node| self.node(node)) }
    }

    /// A part of a statement that may name a relation.
    // SAFETY: the caller's is null, or a node that says what it is.
    unsafe fn node(&mut self, node: *mut pg_sys::Node) -> Answer<()> {
        if node.is_null() {
            return Ok(());
        }
        // SAFETY: as above. Of what a publication names, only a table has one.
        unsafe {
            match (*node).type_ {
                NodeTag::T_RangeVar => self.relation(node.cast(), Needs::Ownership),
                NodeTag::T_PartitionCmd => self.relation((*node.cast::<pg_sys::PartitionCmd>()).name, Needs::Ownership),
                NodeTag::T_ColumnDef => self.nodes((*node.cast::<pg_sys::ColumnDef>()).constraints),
                NodeTag::T_Constraint => {
                    let key = (*node.cast::<pg_sys::Constraint>()).pktable;
                    if key.is_null() { Ok(()) } else { self.relation(key, Needs::Right(pg_sys::ACL_REFERENCES)) }
                }
                NodeTag::T_PublicationObjSpec => {
                    let table = (*node.cast::<pg_sys::PublicationObjSpec>()).pubtable;
                    if table.is_null() { Ok(()) } else { self.relation((*table).relation, Needs::Ownership) }
                }
                _ => Ok(()),
            }
        }
    }

    /// A relation, or a column, that a statement is about.
    // SAFETY: the caller's names are a list of strings where the object is a relation.
    unsafe fn object(&mut self, kind: pg_sys::ObjectType::Type, names: *mut pg_sys::Node) -> Answer<()> {
        use pg_sys::ObjectType::{
            OBJECT_COLUMN, OBJECT_FOREIGN_TABLE, OBJECT_INDEX, OBJECT_MATVIEW, OBJECT_SEQUENCE, OBJECT_TABLE,
            OBJECT_VIEW,
        };
        let names = names.cast::<pg_sys::List>();
        // SAFETY: as above; the names are copied before the column is taken off.
        unsafe {
            let names = match kind {
                OBJECT_COLUMN if (*names).length > 1 => {
                    pg_sys::list_truncate(pg_sys::list_copy(names), (*names).length - 1)
                }
                OBJECT_TABLE | OBJECT_INDEX | OBJECT_SEQUENCE | OBJECT_VIEW | OBJECT_MATVIEW | OBJECT_FOREIGN_TABLE => {
                    names
                }
                _ => return Ok(()),
            };
            self.relation(pg_sys::makeRangeVarFromNameList(names), Needs::Ownership)
        }
    }

    /// Refuses a relation that the sender has no right to lock.
    // SAFETY: the caller's name is one that the parser has made.
    unsafe fn relation(&self, name: *mut pg_sys::RangeVar, needs: Needs) -> Answer<()> {
        // SAFETY: looks the name up, and locks nothing.
        let relation =
            unsafe { if (*name).schemaname.is_null() { self.along_the_path(name) } else { with_schema(name) } };
        if relation == pg_sys::InvalidOid || !is_guarded(relation) || self.has(needs, relation) {
            return Ok(());
        }
        Err(refusal(self.tag, relation))
    }

    /// What a name without a schema will mean when the statement comes to it.
    // SAFETY: as of `relation`.
    unsafe fn along_the_path(&self, name: *mut pg_sys::RangeVar) -> pg_sys::Oid {
        let mut found = pg_sys::InvalidOid;
        // SAFETY: catalog look-ups. The name is in a tree that is this execution's own: the server copies those it keeps.
        unsafe {
            let wanted = CStr::from_ptr((*name).relname);
            if self.in_new_schema.as_ref().is_some_and(|made| made.contains(&wanted)) {
                return found;
            }
            let makes_it = !self.table.is_null() && CStr::from_ptr((*self.table).relname) == wanted;
            let new = if makes_it { pg_sys::RangeVarGetCreationNamespace(self.table) } else { pg_sys::InvalidOid };
            for schema in schemas_of_the_path() {
                if makes_it && schema == new {
                    return found;
                }
                let relation = pg_sys::get_relname_relid(wanted.as_ptr(), schema);
                if relation == pg_sys::InvalidOid {
                    continue;
                }
                let is_first = found == pg_sys::InvalidOid;
                found = if is_first { relation } else { found };
                if is_guarded(relation) {
                    if !is_first {
                        name_the_schema(name, found);
                    }
                    return found;
                }
            }
        }
        found
    }

    fn has(&self, needs: Needs, relation: pg_sys::Oid) -> bool {
        // SAFETY: catalog look-ups of a relation; of one that is gone, nobody has a right.
        unsafe {
            let owns = owner::of_relation(relation).is_some_and(|owner| pg_sys::has_privs_of_role(self.user, owner));
            let Needs::Right(right) = needs else { return owns };
            let (right, any) = (right as pg_sys::AclMode, pg_sys::AclMaskHow::ACLMASK_ANY);
            owns || pg_sys::pg_class_aclcheck(relation, self.user, right) == pg_sys::AclResult::ACLCHECK_OK
                || pg_sys::pg_attribute_aclcheck_all(relation, self.user, right, any) == pg_sys::AclResult::ACLCHECK_OK
        }
    }
}

/// The schemas where a name is looked for, in their order.
fn schemas_of_the_path() -> Vec<pg_sys::Oid> {
    // SAFETY: a fresh list of oids.
    unsafe { PgList::<pg_sys::Oid>::from_pg(pg_sys::fetch_search_path(true)).iter_oid().collect() }
}

/// What a name with a schema means; nothing is locked.
// SAFETY: the caller's name is one that the parser has made.
unsafe fn with_schema(name: *const pg_sys::RangeVar) -> pg_sys::Oid {
    let missing_ok = pg_sys::RVROption::RVR_MISSING_OK;
    // SAFETY: as above; nothing is called back.
    unsafe { pg_sys::RangeVarGetRelidExtended(name, pg_sys::NoLock as i32, missing_ok, None, std::ptr::null_mut()) }
}

/// Has a name go on meaning the sender's own relation, which he could drop before the statement comes to the name: the
/// same name of ours would be next.
// SAFETY: the caller's name is one that the parser has made, for this execution.
unsafe fn name_the_schema(name: *mut pg_sys::RangeVar, relation: pg_sys::Oid) {
    // SAFETY: no statement is needed longer than its transaction.
    unsafe {
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relation));
        if !schema.is_null() {
            (*name).schemaname = pg_sys::MemoryContextStrdup(pg_sys::TopTransactionContext, schema);
        }
    }
}

/// The refusal of a statement, by its tag, that would lock a relation.
fn refusal(tag: &str, relation: pg_sys::Oid) -> Failure {
    Failure::new(
        ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("no permission to lock {}, as {tag} would", owner::spelled(relation)),
        "Whoever waits for its lock holds up everybody. That is for its owner, a member of bourse_owner or a superuser; a \
         foreign key needs REFERENCES, a trigger TRIGGER.",
    )
}

/// Refuses (42501) LOCK TABLE of a view in a mode that others wait for: it needs rights on the view alone, and goes on
/// to what the view reads when it has the view. LOCK TABLE fires no event triggers.
// SAFETY: the caller's statement is one that the parser has made.
pub(super) unsafe fn require_lockable(statement: *const pg_sys::LockStmt) -> Answer<()> {
    // SAFETY: as above, which has a list of names; catalog look-ups.
    unsafe {
        if (*statement).mode <= pg_sys::RowExclusiveLock as i32
            || owns_ours(pg_sys::GetUserId())
            || owner::require_home().is_err()
        {
            return Ok(());
        }
        for name in PgList::<pg_sys::RangeVar>::from_pg((*statement).relations).iter_ptr() {
            let is_view = |relation: &pg_sys::Oid| pg_sys::get_rel_relkind(*relation) as u8 == pg_sys::RELKIND_VIEW;
            if let Some(view) = meanings(name).into_iter().find(is_view) {
                return Err(refusal("LOCK TABLE", view));
            }
        }
    }
    Ok(())
}

/// Whatever a name can mean, now or when what comes first is dropped.
// SAFETY: the caller's name is one that the parser has made.
unsafe fn meanings(name: *const pg_sys::RangeVar) -> Vec<pg_sys::Oid> {
    // SAFETY: as above; catalog look-ups.
    unsafe {
        if !(*name).schemaname.is_null() {
            return vec![with_schema(name)];
        }
        schemas_of_the_path().into_iter().map(|schema| pg_sys::get_relname_relid((*name).relname, schema)).collect()
    }
}
