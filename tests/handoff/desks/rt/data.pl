# What docs/desks/rt.md has people click, and the people of the tests: two agents, Frontdesk's user, and one who is no agent.
our (@Users, @Groups, @Queues, @CustomFields, @ACL, @Final);
@Users = map {
    {   Name => $_->[0], RealName => $_->[1], EmailAddress => "$_->[0]\@desk.example",
        Password => "secret-$_->[0]", Privileged => $_->[2] }
} (['frontdesk', 'Frontdesk', 1], ['sue', 'Sue Jones', 1], ['max', 'Max Lee', 1], ['eve', 'Eve Ray', 0]);
@Groups = (
    { Name => 'Frontdesk', Members => { Users => ['frontdesk'] } },
    { Name => 'Agents', Members => { Users => ['sue', 'max'] } },
);
@Queues = ({ Name => 'billing' }, { Name => 'fieldless' }, { Name => 'pinged' });
@CustomFields = (
    { Name => 'Frontdesk case', Type => 'FreeformSingle', LookupType => 'RT::Queue-RT::Ticket', Queue => ['General', 'billing'] },
    { Name => 'Channel', Type => 'FreeformSingle', LookupType => 'RT::Queue-RT::Ticket', Queue => ['General', 'billing'] },
);
my @rights = qw(
    SeeQueue ShowTicket ShowTicketComments CreateTicket ReplyToTicket CommentOnTicket ModifyTicket OwnTicket ReassignTicket
    SeeCustomField ModifyCustomField
);
@ACL = (
    (map { { GroupDomain => 'UserDefined', GroupId => 'Frontdesk', Right => $_ } } @rights),
    (map { { GroupDomain => 'UserDefined', GroupId => 'Agents', Right => $_ } } @rights, 'DeleteTicket'),
    { GroupDomain => 'SystemInternal', GroupType => 'Everyone', Right => 'ReplyToTicket' },
);
@Final = (sub {
    require RT::AuthToken;
    my $user = RT::CurrentUser->new(RT->SystemUser);
    $user->Load('frontdesk');
    my ($ok, $message, $secret) = RT::AuthToken->new(RT->SystemUser)->Create(Owner => $user->id, Description => 'Frontdesk');
    die $message unless $ok;
    open(my $out, '>', "$RT::VarPath/token") or die "token: $!";
    print $out $secret;
    close($out);
});
1;
