"""The two Tascomi contracts: a table's columns that are kept, their type, meaning and privacy class.

A row is a record whose last change fell on the report day, as it stood when the day was asked for: one that
is changed again comes again. The names in `Contacts` are a recorded schema's; of `Complaints` only id,
remarks, asbo, submit_date and last_updated are, every other name is a guess. A site that calls one of those
otherwise says so where writing learns it too, and the feed follows: by CASEHOUSE_TASCOMI_*_COLUMN for the two
references and the number, in pipelines/sources/tascomi/dialect.py for the others. The tables' further columns
are let pass.
"""

from pipelines.contracts.columns import Flag, Instant, Text, Whole
from pipelines.contracts.contract import Contract, Rows, wire


class Complaints(Rows):
    """One service request whose last change fell on the report day."""

    complaint_id: Whole = wire("id", "The service request's id in Tascomi.", key=True, ge=1)
    complaint_number: Text = wire("complaint_number", "The number that people quote.")
    external_reference: Text = wire(
        "external_reference", "The reference of who raised it, such as our own of the case it came from."
    )
    core_function_id: Whole = wire("core_function_id", "The core function that deals with it.", ge=1)
    complaint_code_id: Whole = wire("complaint_code_id", "The request code: what it is about.", ge=1)
    investigating_officer_id: Whole = wire(
        "investigating_officer_id", "User who investigates.", privacy="personal", ge=1
    )
    requester_id: Whole = wire("requester_id", "Contact who asked for it.", privacy="personal", ge=1)
    contact_id: Whole = wire("contact_id", "A further contact.", privacy="personal", ge=1)
    location_id: Whole = wire("dtf_location_id", "Property or street it is about.", ge=1)
    reporting_method_id: Whole = wire("reporting_method_id", "How it was reported.", ge=1)
    request_category_id: Whole = wire("request_category_id", "Its category.", ge=1)
    organizational_unit_id: Whole = wire("organizational_unit_id", "Unit that deals with it.", ge=1)
    action_required_id: Whole = wire("complaint_action_required_id", "What is to be done.", ge=1)
    received_at: Instant = wire("received_date", "When it was received.")
    remarks: Text = wire(
        "remarks", "What was reported, in the officer's or customer's words.", privacy="personal"
    )
    is_antisocial: Flag = wire("asbo", "It is about antisocial behaviour.")
    status: Text = wire("status", "How far it has got, such as Open or Closed.")
    closed_at: Instant = wire("closed_date", "When it was closed; empty while it is open.")
    is_ceased: Flag = wire("ceased", "It was given up, which is how Tascomi deletes.")
    submitted_at: Instant = wire("submit_date", "When it was entered.")
    last_updated_at: Instant = wire("last_updated", "When it was last changed.", required=True)


class Contacts(Rows):
    """One contact whose last change fell on the report day."""

    contact_id: Whole = wire("id", "The contact's id in Tascomi.", key=True, ge=1)
    contact_reference: Text = wire(
        "code", "The customer's reference; empty for a contact that is linked to nobody.", privacy="personal"
    )
    title_id: Whole = wire("title_id", "Title, an id of the titles.", ge=1)
    first_name: Text = wire("firstname", "First name.", privacy="personal")
    last_name: Text = wire("surname", "Surname.", privacy="personal")
    contact_name: Text = wire("contact_name", "The name in one.", privacy="personal")
    organisation: Text = wire("company_name", "Company or other body.", privacy="personal")
    position: Text = wire("position", "The person's position there.", privacy="personal")
    house: Text = wire("house_name_or_number", "Name or number of the house.", privacy="personal")
    street: Text = wire("street_name", "Street.", privacy="personal")
    locality: Text = wire("locality", "Locality.", privacy="personal")
    town: Text = wire("town", "Town.", privacy="personal")
    county: Text = wire("county", "County.", privacy="personal")
    postcode: Text = wire("postcode", "Postcode.", privacy="personal")
    location_id: Whole = wire("dtf_location_id", "Property of the address.", privacy="personal", ge=1)
    email: Text = wire("email", "E-mail address.", privacy="personal")
    phone: Text = wire("telephone", "Telephone.", privacy="personal")
    mobile: Text = wire("mobile", "Mobile telephone.", privacy="personal")
    notes: Text = wire("notes", "What officers noted.", privacy="personal")
    is_ceased: Flag = wire("ceased", "It was given up, which is how Tascomi deletes.")
    submitted_at: Instant = wire("submit_date", "When it was entered.")
    last_updated_at: Instant = wire("last_updated", "When it was last changed.", required=True)


TASCOMI_CONTRACTS: tuple[Contract, ...] = (
    Contract("tascomi/complaints", Complaints, rows_move=True),
    Contract("tascomi/contacts", Contacts, rows_move=True),
)
